//! The day is closed: the merchant's bill is fetched and laid beside the journal, and the till asks about what differs.
//!
//! `cargo run --features sqlite --example close_of_day`. The simulator plays the gateway, and its clock goes on to the days after. The exit
//! code says whether a person must look; `-- lost` adds a payment that the journal does not have, and somebody must.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use wxpay_simulator::{BillRow, Customer, Simulator, credentials};
use wxpay_terminal::{
    Bills, ChinaTime, Client, Download, DownloadBill, DownloadFundFlow, Fen, FundAccount, FundFlowReader, Https,
    Identity, MicroPay, Options, OrderNumbers, Outcome, Reconciled, Refund, RefundOf, Secret, Serial, SqliteJournal,
    SystemRandom, Terminal, Till, WxpayAccount, endpoint,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DAY: Duration = Duration::from_secs(86_400);
/// Every terminal of a merchant has another one.
const TERMINAL_NUMBER: u16 = 7;

fn main() -> Result<ExitCode> {
    let simulator = Simulator::start()?;
    let till = till(&simulator)?;
    let day = ChinaTime::from_unix(i64::try_from(simulator.now())?)?;
    sell_a_little(&simulator, &till)?;
    if std::env::args().any(|word| word == "lost") {
        let serial = Serial { epoch: 77, counter: 7 };
        let number = OrderNumbers::new(TERMINAL_NUMBER).make(endpoint::Numbers::DateSerial, "", day, serial)?;
        simulator.add_to_bill(BillRow::paid(simulator.now(), &number, 888));
    }

    // The day after next, at ten: both bills are made. Until then `Bill Creating` is the answer, and there is nothing to conclude from.
    let since_midnight = (simulator.now() + 8 * 3600) % 86_400;
    simulator.advance(2 * DAY + Duration::from_secs(36_000) - Duration::from_secs(since_midnight));
    let client = client(&simulator)?;
    let of_day = download(&simulator, &client, &DownloadBill::of(day), "bill")?;
    let next = download(&simulator, &client, &DownloadBill::of(day.plus(DAY)?), "bill-of-next-day")?;
    let flow = DownloadFundFlow { day, account_type: FundAccount::Basic };
    let flow = download(&simulator, &client, &flow, "fund-flow")?;

    let (done, asked) = close(&till, day, (&of_day, &next))?;
    print_for_the_bookkeeper(&done);
    // What the gateway proved is in the journal now; what still differs is a person's.
    let left = if asked > 0 { close(&till, day, (&of_day, &next))?.0.findings } else { done.findings };
    print_fund_flow(&flow)?;
    println!("{left} 项需人工处理 ({left} for a person to look at)");
    Ok(if left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lays the bills beside the journal, and lets the till ask about each entry that differs. Returns how many it asked about.
fn close(till: &Till, day: ChinaTime, (of_day, next): (&PathBuf, &PathBuf)) -> Result<(Reconciled, usize)> {
    let (mut of_day, mut next) = (File::open(of_day)?, File::open(next)?);
    let bills = Bills { of_day: &mut of_day, of_next_day: Some(&mut next) };
    let mut entries = Vec::new();
    // Nothing counts before `reconcile` returns: the bill may turn out to be torn.
    let done = till.reconcile(day, bills, &mut |finding| {
        println!("  {}\n  ({})", finding.zh(), finding.en());
        entries.extend(finding.entry.map(|entry| entry.id));
    })?;
    for id in &entries {
        let told = till.ask_about(*id)?;
        println!("  {}: {}", told.entry.order_number, told.outcome.cashier().zh);
    }
    Ok((done, entries.len()))
}

fn print_for_the_bookkeeper(done: &Reconciled) {
    println!("账单共 {} 行，其他终端 {} 行 ({} rows, {} of others)", done.rows, done.foreign, done.rows, done.foreign);
    println!("收款一致 {} (payments that agree)", done.agrees);
    println!("撤销一致 {} (reversals that agree)", done.reversed_agrees);
    println!("退款一致 {} (refunds that agree)", done.refund_agrees);
    println!("待次日账单 {} (wait for the next day's bill)", done.waits);
    println!("差异 {} (findings)", done.findings);
}

/// The merchant's money, which no journal is laid beside: only whether it is whole, and its sums.
fn print_fund_flow(path: &PathBuf) -> Result<()> {
    let mut reader = FundFlowReader::new();
    reader.read(&std::fs::read(path)?, &mut |_| {});
    let totals = reader.end()?;
    let ((came, sum_in), (went, sum_out)) = (totals.income, totals.outgo);
    println!("资金流水：收入 {came} 笔 {sum_in} 元，支出 {went} 笔 {sum_out} 元 (fund flow: in and out)");
    Ok(())
}

/// Into a file: it is read several times, and a long one does not fit into memory.
fn download<D>(simulator: &Simulator, client: &Client<WxpayAccount>, bill: &D, name: &str) -> Result<PathBuf>
where
    D: Download<Account = WxpayAccount>,
{
    let path = simulator.files().directory.join(name);
    let mut file = File::create(&path)?;
    let mut written = Ok(());
    client.download(bill, &mut |piece| {
        if written.is_ok() {
            written = file.write_all(piece);
        }
    })?;
    written?;
    Ok(path)
}

/// Three sales that are paid, one of them given back in part; one that nobody pays; one whose end this terminal does not see.
fn sell_a_little(simulator: &Simulator, till: &Till) -> Result<()> {
    simulator.customer("130000000000000004", Customer::NotEnough);
    simulator.customer("130000000000000005", Customer::AsksPassword { pays_after: None });
    let mut paid = Vec::new();
    for (name, auth_code) in [
        ("sale 1", "130000000000000001"),
        ("sale 2", "130000000000000002"),
        ("sale 3", "130000000000000003"),
        ("sale 4", "130000000000000004"),
        ("sale 5", "130000000000000005"),
    ] {
        let request = MicroPay {
            auth_code,
            body: "天虹百货-矿泉水,冰",
            total_fee: Fen::new(888)?,
            spbill_create_ip: "14.23.150.211",
            ..MicroPay::default()
        };
        let outcome = till.pay_with(name, &request, &Options::new().patience(Duration::ZERO))?;
        println!("{name}: {} ({})", outcome.cashier().zh, outcome.cashier().en);
        if let Outcome::Accepted(receipt) = outcome {
            paid.push(receipt.order_number);
        }
    }
    let [first, _, _] = paid.as_slice() else { return Err("three must be paid".into()) };
    let refund = Refund::new(RefundOf::OutTradeNo(first), Fen::new(888)?, Fen::new(300)?);
    let Outcome::Taken(_) = till.refund("return 1", &refund)? else { return Err("the refund is not taken".into()) };
    // The customer types the password a moment after the cashier gave up and the terminal was switched off.
    let open = till.entries_of("sale 5")?;
    let open = open.first().ok_or("no entry of sale 5")?;
    simulator.pay_order(&open.entry.order_number)?;
    // The shop's other terminal, and its mini-program, are in the same bill.
    simulator.add_to_bill(BillRow::paid(simulator.now(), "MINI-PROGRAM-0001", 2_500));
    Ok(())
}

fn account(simulator: &Simulator) -> Result<WxpayAccount> {
    let account = WxpayAccount::new(credentials::MCH_ID, credentials::APPID, Secret::from(credentials::KEY))?;
    Ok(account.hosts(&[&simulator.base_url()])?)
}

/// On a real terminal: your numbers, key and certificate, and no `hosts`. The fund flow needs the certificate, the bill does not.
fn client(simulator: &Simulator) -> Result<Client<WxpayAccount>> {
    let p12 = std::fs::read(&simulator.files().p12_rc2)?;
    let identity = Identity::from_pkcs12(&p12, credentials::MCH_ID)?;
    let https = Https::builder().only_roots(&std::fs::read(&simulator.files().ca_pem)?)?.identity(identity).build()?;
    Ok(Client::new(account(simulator)?, Terminal::new("013467007045764")?, https)?)
}

fn till(simulator: &Simulator) -> Result<Till> {
    let path = simulator.files().directory.join("journal.db");
    let journal = SqliteJournal::open(path, TERMINAL_NUMBER, Some("013467007045764"), &SystemRandom)?;
    Ok(Till::open(journal).with(client(simulator)?))
}
