//! What a caller brings may be shared: a pointer to a clock is a clock. Each trait says so in its own file.

/// Each method of a trait, through `&`, `Box` and `Arc`. (`Send`, because what is in an `Arc` may be dropped by any thread.)
macro_rules! through_pointers {
    ($name:ident { $(fn $method:ident(&self $(, $argument:ident: $kind:ty)*) $(-> $result:ty)?;)* }) => {
        $crate::pointers::through_pointers!(@ $name, &T, { $(fn $method(&self $(, $argument: $kind)*) $(-> $result)?;)* });
        $crate::pointers::through_pointers!(@ $name, alloc::boxed::Box<T>, { $(fn $method(&self $(, $argument: $kind)*) $(-> $result)?;)* });
        $crate::pointers::through_pointers!(@ $name, alloc::sync::Arc<T>, { $(fn $method(&self $(, $argument: $kind)*) $(-> $result)?;)* });
    };
    (@ $name:ident, $pointer:ty, { $(fn $method:ident(&self $(, $argument:ident: $kind:ty)*) $(-> $result:ty)?;)* }) => {
        impl<T: $name + Send + ?Sized> $name for $pointer {
            $(fn $method(&self $(, $argument: $kind)*) $(-> $result)? {
                (**self).$method($($argument),*)
            })*
        }
    };
}

pub(crate) use through_pointers;
