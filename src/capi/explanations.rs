//! Why does the gateway not like this signature?

use std::ffi::{CString, c_char};

use crate::client::explain::{Explanation, explain, explain_workwx_sign};
use crate::secret::Secret;

use super::ffi::{Done, Fail, abi, bytes, c, handle, nth, optional, put, text, wanted, wxt_explanation, wxt_field};
use super::numbers::{wxt_agreement, wxt_code};
use super::requests::call_of;

super::ffi::opaque! {
    wxt_explanation: Explained = 0x5758_0009;
}

/// What a `wxt_explanation` holds.
pub(super) struct Explained {
    string: CString,
    agrees: wxt_agreement,
    findings: Vec<(CString, CString, CString)>,
}

abi! {
    /// Explains why a gateway does not like a signature: the string that is signed, the key masked, and what looks wrong.
    /// Offline. `call` is one of `wxt_call`; `given` is the signature that was refused, or NULL. The right signature is never
    /// shown. The string holds the fields' values: do not log it in production.
    call wxt_explain(call: i32, fields: *const wxt_field, count: usize, key: *const u8, key_length: usize,
        given: *const c_char, explanation: *mut *mut wxt_explanation) {
        let endpoint = call_of(call)?.endpoint;
        explained(fields, count, (key, key_length), given, explanation, |fields, key, given| {
            explain(endpoint, fields, key, given)
        })?;
    }

    /// The same for the workwx_sign of WXT_PAY_EMPLOYEE, which covers eight fields only and takes the application's Secret.
    call wxt_explain_workwx_sign(fields: *const wxt_field, count: usize, secret: *const u8, secret_length: usize,
        given: *const c_char, explanation: *mut *mut wxt_explanation) {
        explained(fields, count, (secret, secret_length), given, explanation, explain_workwx_sign)?;
    }
}

unsafe fn explained(
    fields: *const wxt_field,
    count: usize,
    (key, key_length): (*const u8, usize),
    given: *const c_char,
    out: *mut *mut wxt_explanation,
    explain: impl FnOnce(&[(&str, &[u8])], &Secret, Option<&str>) -> Explanation,
) -> Done {
    wanted(out, "explanation")?;
    if count > 1024 {
        return Err(Fail::Argument("count", "is more than 1024"));
    }
    let rows = match (fields.is_null(), count) {
        (_, 0) => &[],
        (true, _) => return Err(Fail::Argument("fields", "is NULL")),
        (false, _) if !fields.is_aligned() => return Err(Fail::Argument("fields", "is not aligned")),
        // SAFETY: by the header, an array of this many fields.
        (false, _) => unsafe { std::slice::from_raw_parts(fields, count) },
    };
    // SAFETY: by the header, each row's pointers are what they say.
    let pairs: Vec<(&str, &[u8])> = rows
        .iter()
        .map(|row| unsafe { Ok((text(row.name, "name")?, bytes(row.value, row.length, "value")?)) })
        .collect::<Done<_>>()?;
    let (key, given) = unsafe { (Secret::new(bytes(key, key_length, "key")?), optional(given, "given")?) };
    let found = explain(&pairs, &key, given);
    let agrees = match found.agrees {
        None => wxt_agreement::WXT_NOT_COMPARED,
        Some(true) => wxt_agreement::WXT_AGREES,
        Some(false) => wxt_agreement::WXT_DISAGREES,
    };
    let findings = found.findings.iter().map(|one| (c(&one.field), c(one.text), c(one.text_zh))).collect();
    // SAFETY: `wanted` above.
    unsafe { put(out, handle(Explained { string: c(&found.string_to_sign), agrees, findings })) };
    Ok(())
}

abi! {
    /// The string that is signed, the key masked. Never NULL.
    get wxt_explanation_string(explanation: wxt_explanation) -> *const c_char =
        c"".as_ptr(), |explained| explained.string.as_ptr();

    /// Whether the given signature fits.
    get wxt_explanation_agrees(explanation: wxt_explanation) -> wxt_agreement =
        wxt_agreement::WXT_NOT_COMPARED, |explained| explained.agrees;

    /// How many things look wrong.
    get wxt_explanation_count(explanation: wxt_explanation) -> usize = 0, |explained| explained.findings.len();

    /// The field that looks wrong, or "key", by its place from 0. NULL from `wxt_explanation_count` on.
    get wxt_explanation_field(explanation: wxt_explanation, at: usize) -> *const c_char =
        std::ptr::null(), |explained| nth(&explained.findings, at, |found| &found.0);

    /// What looks wrong, in English.
    get wxt_explanation_text(explanation: wxt_explanation, at: usize) -> *const c_char =
        std::ptr::null(), |explained| nth(&explained.findings, at, |found| &found.1);

    /// What looks wrong, in Chinese.
    get wxt_explanation_text_zh(explanation: wxt_explanation, at: usize) -> *const c_char =
        std::ptr::null(), |explained| nth(&explained.findings, at, |found| &found.2);

    /// Frees an explanation and every text taken from it. NULL is nothing to free.
    free wxt_explanation_free(explanation: wxt_explanation);
}
