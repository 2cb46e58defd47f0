//! What a person says to a simulator, on the command line or in the console: one line, and what is answered.

use std::fmt::Write as _;
use std::time::Duration;

use crate::behaviour::Behaviour;
use crate::faults::Fault;
use crate::phone::Habit;
use crate::refund::RefundStatus;
use crate::simulator::Simulator;

/// The lines that [`Simulator::obey`] knows.
pub const COMMANDS: &str = "\
  help                     these lines
  ledger                   every order: gateway, number, fen, how often money moved
  order NUMBER             one order: state, and how often it was paid, charged, reversed; fen refunded
  pay NUMBER               the customer pays an order, and the merchant is notified
  refuse NUMBER            the customer closes the dialog of an order
  notification NUMBER      the notification of an order
  customer NAME            the customer with the phone does so from the next code on; names: --customers
  code                     the code on the phone; it renews itself
  renew                    the phone shows another code
  scan TEXT                the phone scans a QR or opens a page: an order's link, or its number
  next NAME                the next payment or refund meets the fault
  next-refund NAME         the next refund meets the fault
  next-query NAME          the next query meets the fault
  next-reversal NAME       the next reversal meets the fault
  fault amount=FEN:NAME    payments of that amount meet the fault; also order=NUMBER:, query=NUMBER: and reversal=NUMBER:
  behave NAME              the next call that the behaviour is about meets it
  clear                    forget every fault and every behaviour; the way is fast and loses nothing
  delay MILLISECONDS       the way takes so long, in each direction
  loss PERCENT             so many requests are lost, and so many replies
  advance SECONDS          put the gateways' clock forward
  bill YYYYMMDD [TYPE]     the bill of a day: ALL, SUCCESS, REFUND or RECHARGE_REFUND
  fund-flow YYYYMMDD       the fund flow of a day
  refunds                  every refund: number, order, fen, state
  refund-elsewhere NUMBER FEN  another terminal refunds a part of an order
  end-refund NUMBER STATE  PROCESSING, SUCCESS, CHANGE, REFUNDCLOSE or FAIL; the merchant is notified
";

impl Simulator {
    /// Does what a line of [`COMMANDS`] says, and returns what there is to say about it, as lines.
    pub fn obey(&self, line: &str) -> String {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        said(carry_out(self, word, rest.trim()).unwrap_or_else(|| format!("what? {line}")))
    }
}

/// Ends with a line end, unless nothing is said.
fn said(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// `None`: no such command.
fn carry_out(simulator: &Simulator, word: &str, rest: &str) -> Option<String> {
    let fault = |plan: fn(&Simulator, Fault)| rest.parse().map(|fault| plan(simulator, fault));
    Some(match word {
        "help" => COMMANDS.to_owned(),
        "ledger" => ledger(simulator),
        "order" => order(simulator, rest),
        "pay" | "notification" | "refuse" | "scan" | "customer" | "code" | "renew" => customer(simulator, word, rest),
        "next" => done(fault(Simulator::fault_next)),
        "next-refund" => done(fault(Simulator::fault_next_refund)),
        "next-query" => done(fault(Simulator::fault_next_query)),
        "next-reversal" => done(fault(Simulator::fault_next_reversal)),
        "fault" => done(simulator.plan(rest)),
        "behave" => done(rest.parse::<Behaviour>().map(|behaviour| simulator.behave_next(behaviour))),
        "clear" => {
            simulator.clear_faults();
            simulator.clear_behaviours();
            done(simulator.delay(Duration::ZERO).and_then(|()| simulator.loss(0)))
        }
        "delay" => done(number(rest).and_then(|time| simulator.delay(Duration::from_millis(time)))),
        "loss" => done(number(rest).and_then(|percent| simulator.loss(percent))),
        "advance" => done(number(rest).map(|seconds| simulator.advance(Duration::from_secs(seconds)))),
        "bill" => {
            let (date, bill_type) = rest.split_once(' ').unwrap_or((rest, "ALL"));
            bill(simulator.bill(date, bill_type))
        }
        "fund-flow" => bill(simulator.fund_flow(rest)),
        "refunds" => refunds(simulator),
        "refund-elsewhere" => refund_elsewhere(simulator, rest),
        "end-refund" => end_refund(simulator, rest),
        _ => return None,
    })
}

/// Nothing is said of what was done.
fn done(result: Result<(), String>) -> String {
    result.err().unwrap_or_default()
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("no number: {text}"))
}

/// What the customer does.
fn customer(simulator: &Simulator, word: &str, rest: &str) -> String {
    let told = match word {
        "pay" => simulator
            .pay_order(rest)
            .map(|delivery| format!("paid {rest}, answered {}", delivery.answer.as_deref().unwrap_or("nothing")))
            .map_err(|error| format!("not paid {rest}: {error}")),
        "refuse" => simulator.refuse_order(rest).map(|()| format!("refused {rest}")).map_err(|error| error.to_string()),
        "notification" => Ok(simulator.notification(rest).unwrap_or_default()),
        "scan" => simulator.scan(rest).map(|number| format!("order {number}")).map_err(|error| error.to_string()),
        "code" => simulator.phone_code().map(|(code, _)| code).map_err(|error| error.to_string()),
        "customer" => match Habit::ALL.iter().find(|(name, _)| *name == rest) {
            Some((_, habit)) => {
                simulator.phone_habit(*habit);
                Ok(String::new())
            }
            None => Err(format!("no customer {rest}")),
        },
        _ => {
            simulator.phone_renew();
            Ok(String::new())
        }
    };
    told.unwrap_or_else(|error| error)
}

fn ledger(simulator: &Simulator) -> String {
    simulator.ledger().iter().fold(String::new(), |mut text, entry| {
        let _ = writeln!(text, "{} {} {} {}", entry.gateway, entry.order_number, entry.amount, entry.paid);
        text
    })
}

fn order(simulator: &Simulator, number: &str) -> String {
    match simulator.entry(number) {
        Some(entry) => {
            let [paid, charges, reversed] = [entry.paid, entry.charges, entry.reversed];
            format!("{} paid {paid} charged {charges} reversed {reversed} refunded {}", entry.state, entry.refunded)
        }
        None => format!("no order {number}"),
    }
}

/// A bill as it is, or that there is none.
fn bill(bill: Option<String>) -> String {
    bill.unwrap_or_else(|| "no bill".to_owned())
}

fn refunds(simulator: &Simulator) -> String {
    simulator.refunds().iter().fold(String::new(), |mut text, refund| {
        let status = refund.status.name();
        let _ = writeln!(text, "{} {} {} {status}", refund.refund_number, refund.order_number, refund.amount);
        text
    })
}

fn refund_elsewhere(simulator: &Simulator, rest: &str) -> String {
    let (number, fen) = rest.split_once(' ').unwrap_or((rest, ""));
    simulator.refund_elsewhere(number, fen.parse().unwrap_or(0)).unwrap_or_else(|error| error.to_string())
}

fn end_refund(simulator: &Simulator, rest: &str) -> String {
    let (number, word) = rest.split_once(' ').unwrap_or((rest, ""));
    let Some(status) = RefundStatus::ALL.iter().find(|status| status.name() == word) else {
        return format!("no state {word}");
    };
    match simulator.end_refund(number, *status) {
        Ok(delivery) => format!("{word} {number}, answered {}", delivery.answer.as_deref().unwrap_or("nothing")),
        Err(error) => error.to_string(),
    }
}
