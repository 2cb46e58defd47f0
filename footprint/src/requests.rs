//! What the measured programs pay.

use wxpay_terminal::{Error, Fen, MicroPay, SendRedPack};

pub fn red_packet(mch_billno: &str) -> Result<SendRedPack<'_>, Error> {
    Ok(SendRedPack {
        mch_billno,
        send_name: "天虹百货",
        re_openid: "onqOjjmM1tad-3ROpncN-yUfa6uI",
        total_amount: Fen::new(200)?,
        wishing: "恭喜发财",
        client_ip: "127.0.0.1",
        act_name: "新年红包",
        remark: "新年红包",
        ..SendRedPack::default()
    })
}

pub fn scanned<'a>(out_trade_no: &'a str, auth_code: &'a str) -> Result<MicroPay<'a>, Error> {
    Ok(MicroPay {
        out_trade_no,
        auth_code,
        body: "天虹百货-矿泉水",
        total_fee: Fen::new(888)?,
        spbill_create_ip: "14.23.150.211",
        ..MicroPay::default()
    })
}
