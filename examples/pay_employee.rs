//! Pays one employee after an approval (审批付款), with the real name checked.
//!
//! `cargo run --example pay_employee`. The simulator plays the gateway.

use std::error::Error;
use std::process::ExitCode;

use wxpay_simulator::{Simulator, credentials};
use wxpay_terminal::{
    Answer, CheckName, Client, Fen, Https, Identity, Outcome, PayEmployee, QueryPayEmployee, Secret, Terminal,
    TransferStatus, WorkwxAccount, WwMsgType,
};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let simulator = Simulator::start()?;
    let client = client(&simulator)?;

    // Made once, stored before `send`. Letters and digits, at most 28.
    let number = "100000982026112100000002";
    let request = PayEmployee {
        partner_trade_no: number,
        openid: credentials::NAMED_OPENID,
        amount: Fen::new(10_099)?,
        desc: "六月出差报销费用",
        spbill_create_ip: "192.168.0.1",
        act_name: "产品部门报销",
        // Both choices must be made. An approval without its number cannot be written, nor a check without a name.
        ..PayEmployee::new(
            CheckName::ForceCheck { re_user_name: credentials::REAL_NAME },
            WwMsgType::Approval { approval_number: "201705160008" },
        )
    };
    let mut prepared = client.prepare(&request)?;
    let paid = match client.send(&mut prepared)? {
        Outcome::Accepted(paid) => {
            println!("paid: {} at {}", paid.payment_no, paid.payment_time.as_deref().unwrap_or("?"));
            true
        }
        // Here only the codes that mean "not accepted": a wrong signature, a wrong field, no permission.
        Outcome::Declined(refusal) => {
            println!("not paid: {refusal}; next: {:?}", refusal.next);
            false
        }
        // All other codes, NOTENOUGH and NAME_MISMATCH among them: the document wants the query first.
        Outcome::Unknown(doubt) => {
            println!("not known: {doubt}");
            ask(&client, number, request.amount)
        }
        // Of orders that a customer pays only.
        Outcome::Ordered(_) | Outcome::Taken(_) | Outcome::PaidLate(_) => false,
    };
    let entry = simulator.entry(number);
    println!("the simulator's ledger: {entry:?}");
    let once = entry.is_some_and(|entry| entry.paid == 1 && entry.amount == 10_099);
    Ok(if paid && once { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// True when the employee was paid.
fn ask(client: &Client<WorkwxAccount>, number: &str, sent: Fen) -> bool {
    let said = match client.ask(&QueryPayEmployee { partner_trade_no: number }) {
        Ok(Answer::Known(found)) if found.payment_amount.is_some_and(|amount| amount != sent) => {
            "another amount under this number: a person must look"
        }
        Ok(Answer::Known(found)) => match found.status {
            TransferStatus::Success => {
                println!("the query: paid");
                return true;
            }
            TransferStatus::Failed => "not paid: a new order number is allowed",
            // PROCESSING, and what a later version of the document may add.
            _ => "not final: ask again later",
        },
        Ok(Answer::NotKnown { .. }) => "not known there yet: ask again, then repeat with the same number and fields",
        Ok(Answer::NoAnswer(_)) | Err(_) => "no answer: ask again",
    };
    println!("the query: {said}");
    false
}

/// On a real terminal: your certificate, your numbers, your two secrets, no `only_roots` where the system has a CA
/// store, and no `hosts`.
fn client(simulator: &Simulator) -> Result<Client<WorkwxAccount>, Box<dyn Error>> {
    // The PEM pair of the merchant platform; `Identity::from_pkcs12` takes the .p12 file.
    let certificate = std::fs::read(&simulator.files().cert_pem)?;
    let key = std::fs::read(&simulator.files().key_pem_pkcs8)?;
    let roots = std::fs::read(&simulator.files().ca_pem)?;
    let identity = Identity::from_pem(&certificate, &key)?;
    let https = Https::builder().identity(identity).only_roots(&roots)?.build()?;
    let account = WorkwxAccount::new(
        credentials::MCH_ID,
        credentials::CORPID,
        Secret::from(credentials::KEY),
        // The Secret of the payment application (企业支付), not the API key: it makes `workwx_sign`.
        Secret::from(credentials::WORKWX_SECRET),
    )?
    .hosts(&[&simulator.base_url()])?;
    Ok(Client::new(account, Terminal::new("013467007045764")?, https)?)
}
