//! Counts the requests, and judges what holds of each of them.

use super::bench::{TransportBench, TransportReport};
use super::peer::Log;
use crate::contract::broken::{Broken, Promise};
use crate::transport::{Fault, Sent};

pub(super) type Result<T> = core::result::Result<T, Broken>;

pub(super) struct Run<'b> {
    pub(super) bench: &'b dyn TransportBench,
    pub(super) report: TransportReport,
}

impl Run<'_> {
    pub(super) fn note(&mut self, note: &'static str) {
        if !self.report.notes.contains(&note) {
            self.report.notes.push(note);
        }
    }

    pub(super) fn leave_out(&mut self, part: &'static str) {
        if !self.report.left_out.contains(&part) {
            self.report.left_out.push(part);
        }
    }

    /// What holds of every request, whatever became of it.
    pub(super) fn judge<T>(
        &mut self,
        (call, scene): (&'static str, &str),
        said: &core::result::Result<T, Fault>,
        log: &Log,
    ) -> Result<()> {
        self.report.posts = self.report.posts.saturating_add(1);
        let broken = |promise, text: &str| Err(Broken::new(promise, call, [scene, ": ", text].concat()));
        if log.requests.iter().any(|request| request.path.ends_with("/elsewhere")) {
            return broken(Promise::NoOtherHost, "it followed a redirect");
        }
        if log.carried() > 1 || log.requests.len() > 1 {
            let text = format!("the server got {} requests on {} connections", log.requests.len(), log.carried());
            return broken(Promise::SentOnce, &text);
        }
        match said {
            Ok(_) if log.requests.is_empty() => {
                broken(Promise::OwnReply, "it gave a reply, and the server got no request")
            }
            Err(fault) => {
                self.report.faults = self.report.faults.saturating_add(1);
                if fault.sent == Sent::No && log.carried() > 0 {
                    let bytes: usize = log.bytes.iter().sum();
                    let text = format!("it said that nothing left, and the server got {bytes} bytes ({})", fault.text);
                    return broken(Promise::NothingLeft, &text);
                }
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}
