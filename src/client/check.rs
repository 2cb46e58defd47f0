//! `client.check()`: does this terminal work, before the first customer?

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::bytes;
use crate::client::{Asked, Client, day};
use crate::clock::{EARLIEST, LATEST};
use crate::endpoint::{Endpoint, Resolution, ResolvedBy};
use crate::error::{Error, ErrorKind};
use crate::gateways::account::Account;
use crate::nonce::nonce_str;
use crate::outcome::{Answer, Doubt, Reason};
use crate::transport::{ClientCertificate, Stage};
use crate::wire::pairs::Pairs;
use crate::wire::verify::Verifier;

/// Warn when the client certificate ends within 30 days.
const SOON: i64 = 30 * 86_400;

/// What a check found: one line a step, in English and Chinese.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The steps, in the order in which they depend on each other.
    pub steps: Vec<Step>,
}

/// One step of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What was checked.
    pub part: Part,
    /// What came out.
    pub verdict: Verdict,
    /// In English.
    pub text: Cow<'static, str>,
    /// In Chinese.
    pub text_zh: Cow<'static, str>,
}

/// The parts of a terminal that a check tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The terminal's clock.
    Clock,
    /// The client certificate.
    Certificate,
    /// Name resolution.
    Dns,
    /// The route to the gateway, or to the proxy.
    Route,
    /// The TLS handshake and the server's certificate.
    Tls,
    /// The merchant number and its permissions.
    Account,
    /// The signing key.
    Key,
}

/// What came out of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It works.
    Good,
    /// It works now, but will not for long, or could not be proven.
    Warning,
    /// It does not work: no payment can succeed.
    Bad,
}

impl Report {
    /// True when no step is [`Verdict::Bad`].
    pub fn is_good(&self) -> bool {
        self.steps.iter().all(|step| step.verdict != Verdict::Bad)
    }

    /// The verdict of a part. `None`: the check did not get that far.
    pub fn verdict(&self, part: Part) -> Option<Verdict> {
        self.steps.iter().find(|step| step.part == part).map(|step| step.verdict)
    }

    fn add(
        &mut self,
        part: Part,
        verdict: Verdict,
        text: impl Into<Cow<'static, str>>,
        text_zh: impl Into<Cow<'static, str>>,
    ) {
        self.steps.push(Step { part, verdict, text: text.into(), text_zh: text_zh.into() });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Good => "ok",
            Verdict::Warning => "warning",
            Verdict::Bad => "BAD",
        };
        let part = match self.part {
            Part::Clock => "clock 时钟",
            Part::Certificate => "certificate 商户证书",
            Part::Dns => "dns 域名解析",
            Part::Route => "route 网络",
            Part::Tls => "tls 加密连接",
            Part::Account => "account 商户号",
            Part::Key => "key 密钥",
        };
        write!(f, "{verdict:7} {part}: {} {}", self.text, self.text_zh)
    }
}

impl<A: Account> Client<A> {
    /// Checks clock, DNS, route, TLS, certificate, merchant number and key, and moves nothing: it asks about an order number
    /// that does not exist. The gateway's "not found" proves all of them.
    ///
    /// A gateway without a query is only connected to: its identifiers and key are not proven.
    pub fn check(&self) -> Report {
        let mut report = self.begin();
        match A::PAYMENT.by_query() {
            Some(how) => {
                match self.unused_number().and_then(|number| self.ask_about(how, &number)) {
                    Ok(Asked { answer, date, .. }) => {
                        compare_clocks(&mut report, self.pipe.inputs.clock.unix_seconds(), date);
                        // A number that somebody used after all is as good a proof as one that nobody knows.
                        let doubt = match answer {
                            Answer::Known(_) | Answer::NotKnown { .. } => None,
                            Answer::NoAnswer(doubt) => Some(doubt),
                        };
                        answered(&mut report, doubt);
                    }
                    Err(error) => refused_here(&mut report, &error),
                }
            }
            None => self.connect_to(A::PAYMENT, &mut report),
        }
        self.add_weaknesses(&mut report);
        report
    }

    fn ask_about(&self, how: &Resolution, number: &str) -> Result<Asked<Pairs>, Error> {
        self.pipe.question(self.account().profile(), how.query, (number, how.fixed), self.pipe.within)
    }

    fn connect_to(&self, payment: &Endpoint, report: &mut Report) {
        let url = self.account().profile().url(payment, 0).unwrap_or_default();
        match self.pipe.inputs.transport.reach(&url, self.pipe.within) {
            Ok(()) => {
                reached(report);
                let words = "not proven: this gateway has no query";
                report.add(Part::Key, Verdict::Warning, words, "未验证：此网关没有查询接口");
            }
            Err(fault) if fault.stage == Stage::Unable => {
                report.add(Part::Route, Verdict::Warning, fault.words(), "未验证：此传输层不能只连接不发送");
            }
            Err(fault) => not_reached(report, fault.stage, &fault.words()),
        }
    }

    /// What a check says of the rule that replies are verified with, and of the key that signs requests.
    fn add_weaknesses(&self, report: &mut Report) {
        if let Verifier::Rule(rule) = &self.account().profile().verifier
            && let Some(words) = rule.weakness()
        {
            report.add(Part::Key, Verdict::Warning, words, "验签公钥过短或规则较弱，请向网关更换2048位公钥");
        }
        if let Some(words) = self.account().profile().keys.private.as_ref().and_then(|key| key.weakness()) {
            report.add(Part::Key, Verdict::Warning, words, "商户私钥过短，请更换2048位私钥");
        }
    }

    /// What can be checked without the network.
    fn begin(&self) -> Report {
        let mut report = Report { steps: Vec::new() };
        let now = self.pipe.inputs.clock.unix_seconds();
        if (EARLIEST..LATEST).contains(&now) {
            report.add(Part::Clock, Verdict::Good, day(now), "时间可信");
        } else {
            report.add(
                Part::Clock,
                Verdict::Bad,
                ["the clock says ", &day(now), ": set it"].concat(),
                ["系统日期为", &day(now), "，请校准"].concat(),
            );
        }
        match self.pipe.inputs.transport.client_certificate() {
            ClientCertificate::Some { common_name, valid: (_, until) } => {
                certificate(&mut report, &common_name, until, now);
                if !bytes::is_number(&common_name) {
                    report.add(
                        Part::Certificate,
                        Verdict::Warning,
                        "it names no merchant number (made before mid-2018): only the gateway knows whether it is this merchant's",
                        "证书中没有商户号（2018年中以前签发）：是否属于本商户，以网关为准",
                    );
                }
            }
            ClientCertificate::None => self.without_certificate(&mut report),
            ClientCertificate::NotTold => {}
        }
        report
    }

    /// What a terminal may sell depends on the certificate: without it nothing is taken back (POS ruling 7, flows 14).
    fn without_certificate(&self, report: &mut Report) {
        let by_code = matches!(A::PAYMENT.resolved_by, ResolvedBy::Reversal(..));
        let (text, text_zh) = match self.account().profile().without_certificate {
            _ if !by_code => return,
            true => (
                "none: no reversal, no refunds possible; expect sales by payment code that a person must look up",
                "没有商户证书：不能撤销，不能退款；付款码收款超时的订单需人工核对",
            ),
            false => (
                "none: no payment codes, no reversal, no refunds possible; orders by QR only",
                "没有商户证书：不能付款码收款、撤销、退款；只能扫码下单",
            ),
        };
        report.add(Part::Certificate, Verdict::Warning, text, text_zh);
    }

    /// A number that nobody used: 28 characters of 32 kinds, within every gateway's rule.
    fn unused_number(&self) -> Result<String, Error> {
        Ok(nonce_str(&*self.pipe.inputs.random)?.iter().take(28).copied().map(char::from).collect())
    }
}

fn certificate(report: &mut Report, common_name: &str, until: i64, now: i64) {
    let (verdict, zh) = match until.saturating_sub(now) {
        left if left < 0 => (Verdict::Bad, "商户证书已过期，或时钟错误"),
        left if left < SOON => (Verdict::Warning, "商户证书即将过期"),
        _ => (Verdict::Good, "商户证书有效"),
    };
    let name = if common_name.is_empty() { "without a name" } else { common_name };
    report.add(Part::Certificate, verdict, [name, ", valid until ", &day(until)].concat(), zh);
}

fn reached(report: &mut Report) {
    report.add(Part::Dns, Verdict::Good, "the name has an address", "域名解析成功");
    report.add(Part::Route, Verdict::Good, "the gateway was reached", "网络已连通");
    report.add(Part::Tls, Verdict::Good, "the server is the gateway", "服务器证书有效");
}

fn not_reached(report: &mut Report, stage: Stage, text: &str) {
    let good = |report: &mut Report, part, en: &'static str, zh: &'static str| report.add(part, Verdict::Good, en, zh);
    if stage == Stage::Resolve {
        report.add(Part::Dns, Verdict::Bad, text.to_string(), "域名解析失败，检查DNS和SIM卡");
        return;
    }
    good(report, Part::Dns, "the name has an address", "域名解析成功");
    if stage == Stage::Connect {
        report.add(Part::Route, Verdict::Bad, text.to_string(), "无法连接网关，检查网络、防火墙和代理");
        return;
    }
    good(report, Part::Route, "the gateway was reached", "网络已连通");
    report.add(Part::Tls, Verdict::Bad, text.to_string(), tls_zh(text));
}

/// What a technician does about a failed handshake.
fn tls_zh(text: &str) -> &'static str {
    if text.contains("clock is wrong") {
        "服务器证书不在有效期内，先校准时钟"
    } else if text.contains("do not know") {
        "缺少根证书，请配置网关的根证书"
    } else if text.contains("another server") {
        "域名与服务器证书不符"
    } else if is_certificate_alert(text) {
        "网关拒绝了商户证书"
    } else {
        "加密连接失败"
    }
}

/// TLS alerts that a server sends when it does not like the client's certificate.
fn is_certificate_alert(text: &str) -> bool {
    ["alert certificate", "alert unknown ca", "alert bad certificate", "alert handshake failure"]
        .iter()
        .any(|alert| text.contains(alert))
}

/// A clock that is minutes off still pays, but its order numbers and timestamps carry the wrong day sooner or later.
fn compare_clocks(report: &mut Report, now: i64, date: Option<i64>) {
    let off = date.map_or(0, |date| now.saturating_sub(date).saturating_abs());
    if let Some(step) = report.steps.first_mut().filter(|step| off > 300 && step.verdict == Verdict::Good) {
        step.verdict = Verdict::Warning;
        step.text = Cow::Owned(alloc::format!("the clock is {off} s off the gateway's"));
        step.text_zh = Cow::Borrowed("时钟与网关相差较大，请校准");
    }
}

/// The gateway, or something in its place, answered.
fn answered(report: &mut Report, doubt: Option<Doubt>) {
    let Some(doubt) = doubt else {
        reached(report);
        report.add(Part::Account, Verdict::Good, "the gateway knows the merchant", "商户号有效");
        report.add(Part::Key, Verdict::Good, "the signature was accepted", "签名正确");
        return;
    };
    let text = doubt.to_string();
    let says = |words: &[&str]| words.iter().any(|word| doubt.code.contains(word) || doubt.text.contains(word));
    if doubt.reason == Reason::Broken && !is_certificate_alert(&doubt.text) {
        return not_reached(report, Stage::Exchange, &text);
    }
    reached(report);
    if doubt.reason == Reason::Broken {
        refused_certificate(report, text, "网关拒绝了商户证书");
    } else if says(&["SIGN_ERROR", "SIGNERROR", "签名", "Signature error", "valid sign"])
        || doubt.reason == Reason::Unverified
    {
        report.add(Part::Key, Verdict::Bad, text, "签名错误，检查API密钥");
    } else if says(&["CA_ERROR", "SSL certificate", "证书"]) {
        refused_certificate(report, text, "商户证书错误，检查证书与商户号是否一致");
    } else if says(&["SYSTEMERROR", "FREQ_LIMIT", "PROCESSING", "Internal error"]) {
        report.add(Part::Account, Verdict::Warning, text, "网关繁忙，请稍后再检查");
    } else {
        report.add(Part::Account, Verdict::Bad, text, "网关未正常应答，检查商户号、权限和地址");
    }
}

/// The gateway's word on the certificate replaces what was found here.
fn refused_certificate(report: &mut Report, text: String, text_zh: &'static str) {
    report.steps.retain(|step| step.part != Part::Certificate);
    report.add(Part::Certificate, Verdict::Bad, text, text_zh);
}

/// An error before anything was sent.
fn refused_here(report: &mut Report, error: &Error) {
    let stage = match error.field_name() {
        "dns" => Some(Stage::Resolve),
        "connect" => Some(Stage::Connect),
        "tls" => Some(Stage::Tls),
        _ => None,
    };
    match (error.kind(), stage) {
        (ErrorKind::Connect, Some(stage)) => not_reached(report, stage, error.rule()),
        (ErrorKind::Identity, _) => {
            refused_certificate(report, error.rule().to_string(), "商户证书不可用");
        }
        _ => report.add(Part::Account, Verdict::Bad, error.to_string(), "账户设置错误"),
    }
}
