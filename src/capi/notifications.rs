//! Payment notifications.

use std::ffi::{CString, c_char, c_void};
use std::sync::Mutex;

use crate::gateways::notification::{Notification, StoredOrder};
use crate::money::Fen;

use super::clients::AnyClient;
use super::ffi::{
    Fail, Lent, abi, bytes, c, handle, locked, put, seen, text, wanted, wxt_client, wxt_notification,
    wxt_record_callback, wxt_reply,
};
use super::numbers::{wxt_code, wxt_recorded};
use super::replies::Told;

super::ffi::opaque! {
    wxt_notification: Noted = 0x5758_000a;
}

abi! {
    /// Reads and verifies the notification that a Swiftpass-type gateway posts when the customer paid. WXT_FAILED: it is not to
    /// be believed; answer it with anything but `success`, and the gateway repeats it for hours.
    call wxt_client_notification(client: *const wxt_client, body: *const u8, length: usize,
        notification: *mut *mut wxt_notification) {
        let (client, body) = (seen(client, "client")?, bytes(body, length, "body")?);
        wanted(notification, "notification")?;
        let AnyClient::Swiftpass(client) = client else {
            return Err(Fail::Argument("client", "this gateway sends no notifications"));
        };
        let read = client.account().notification(body).map_err(|fault| Fail::Notification(fault.reason()))?;
        let order_number = c(read.out_trade_no());
        put(notification, handle(Noted { order_number, read: Mutex::new(Some(read)) }));
    }
}

/// What a `wxt_notification` holds.
pub(super) struct Noted {
    order_number: CString,
    read: Mutex<Option<Notification>>,
}

abi! {
    /// The order that it speaks of: look up your stored order with it. Never NULL; lives as long as the notification.
    get wxt_notification_order_number(notification: wxt_notification) -> *const c_char =
        c"".as_ptr(), |noted| noted.order_number.as_ptr();

    /// Compares a notification, once, with the order from your own durable record, and gives the exact text to answer with
    /// (`answer`, static) after `record` said that the payment is on the disk. The same notification may come several times:
    /// `record` must accept that. `paid` may be NULL; its fields are the notification's. Send the answer as it is within 5
    /// seconds.
    call wxt_notification_confirm(notification: *mut wxt_notification, order_number: *const c_char,
        total_fee_fen: i64, record: wxt_record_callback, context: *mut c_void, paid: *mut *mut wxt_reply,
        answer: *mut *const c_char) clears paid {
        let noted = seen(notification.cast_const(), "notification")?;
        let out_trade_no = text(order_number, "order_number")?;
        let total_fee = Fen::new(total_fee_fen).map_err(|_| Fail::Argument("total_fee_fen", "is no amount"))?;
        let record = record.ok_or(Fail::Argument("record", "is NULL"))?;
        wanted(answer, "answer")?;
        let read = locked(&noted.read).take();
        let read = read.ok_or(Fail::Argument("notification", "was compared already"))?;
        let notice = read.matches(&StoredOrder { out_trade_no, total_fee });
        let notice = notice.map_err(|fault| Fail::Notification(fault.reason()))?;
        let words = notice.reply_after(|notice| {
            let lent = Lent::<wxt_reply>::new(Told::fields_only(&notice.reply));
            // SAFETY: the caller's function and context, and a handle that lives until it returns.
            match record(context, lent.pointer) {
                said if said == wxt_recorded::WXT_RECORDED as i32 => Ok(()),
                _ => Err(Fail::Notification("it was not recorded")),
            }
        })?;
        if !paid.is_null() {
            put(
                paid,
                handle(Told { order_number: noted.order_number.clone(), ..Told::fields_only(&notice.reply) }),
            );
        }
        put(answer, answer_text(words));
    }
}

/// The one text that a gateway takes for "received".
pub(super) fn answer_text(words: &'static str) -> *const c_char {
    if words == "success" { c"success".as_ptr() } else { c"fail".as_ptr() }
}

abi! {
    /// Frees a notification. NULL is nothing to free.
    free wxt_notification_free(notification: wxt_notification);
}
