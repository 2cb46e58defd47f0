//! The red packets beside `sendredpack`: requests, and the replies to them.

use wxpay_terminal::*;

use crate::support::{CORPID, fen, redpack_success};

/// The example of protocol A.2.
pub fn group_packet(mch_billno: &str) -> SendGroupRedPack<'_> {
    SendGroupRedPack {
        mch_billno,
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: fen(1000),
        total_num: 3,
        wishing: "恭喜发财",
        act_name: "猜灯谜抢红包活动",
        remark: "猜越多得越多，快来抢！",
        ..SendGroupRedPack::default()
    }
}

pub fn miniprogram_packet(mch_billno: &str) -> SendMiniProgramHb<'_> {
    SendMiniProgramHb {
        mch_billno,
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: fen(200),
        wishing: "恭喜发财",
        act_name: "猜灯谜抢红包活动",
        remark: "猜越多得越多，快来抢！",
        ..SendMiniProgramHb::default()
    }
}

pub fn company_packet(mch_billno: &str) -> SendWorkwxRedPack<'_> {
    SendWorkwxRedPack {
        mch_billno,
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: fen(200),
        wishing: "恭喜发财",
        act_name: "猜灯谜抢红包活动",
        remark: "猜越多得越多，快来抢！",
        ..SendWorkwxRedPack::new(WorkwxSender::Named { sender_name: "XX活动", sender_header_media_id: None })
    }
}

/// As the document of `sendminiprogramhb` begins it, and its page goes on.
pub const PACKAGE: &str = "sendid=242e8abd163d300019b2cae74ba8e8c06e3f0e51ab84d16b3c80d&ver=8&sign=4110d649a5aef52d\
                           &mchid=11475856&appid=wxd27ebc41b85ce36d";

pub fn group_success(number: &str, change: &[(&str, &str)]) -> String {
    redpack_success(number, &[&[("total_amount", "1000")], change].concat())
}

pub fn miniprogram_success(number: &str, change: &[(&str, &str)]) -> String {
    redpack_success(number, &[&[("package", PACKAGE)], change].concat())
}

pub fn company_success(number: &str, change: &[(&str, &str)]) -> String {
    redpack_success(number, &[&[("wxappid", CORPID), ("sender_name", "XX活动")], change].concat())
}
