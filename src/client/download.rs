//! What is too long for a reply: bills, handed on in pieces.
//!
//! Document: POS flows 7.1.

use alloc::string::{String, ToString};

use sha1::Digest as _;

use crate::client::{Client, Pipe};
use crate::gateways::account::{Account, Profile};
use crate::gateways::request::Download;
use crate::transport::Post;
use crate::wire::bill::BillFault;

/// The longest bill: some 700,000 rows. A merchant with more asks for each kind of row by itself.
const LONGEST: usize = 256 * 1024 * 1024;

impl<A: Account> Client<A> {
    /// Fetches a bill and hands it to `sink`, piece by piece, as it comes: to a file, or to a [`BillReader`](crate::BillReader), which says
    /// whether it is whole. A `Digest` header is compared, where there is one.
    /// The client's deadline ([`Client::within`]) holds for all of it: a long bill over a slow line wants more than 30 s.
    ///
    /// # Errors
    ///
    /// [`BillFault::NotRead`]: nothing, or not all of it, came; what `sink` got does not count. A refusal of the gateway's comes as the text
    /// itself, and the reader says what it means.
    pub fn download<D>(&self, bill: &D, sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault>
    where
        D: Download<Account = A>,
    {
        let draft = self.draft_of(D::ENDPOINT, |out| bill.fields(out));
        let draft = draft.map_err(|error| BillFault::NotRead(error.to_string()))?;
        self.pipe.download(self.account.profile(), &draft, sink)
    }
}

impl Pipe {
    pub(crate) fn download(
        &self,
        profile: &Profile,
        draft: &super::Draft,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), BillFault> {
        let not_read = |words: &str| BillFault::NotRead(words.into());
        if !self.process.is_here() {
            return Err(not_read(crate::process::ELSEWHERE));
        }
        let url = profile.url(draft.endpoint, 0).ok_or_else(|| not_read("the account has no host"))?;
        let post = Post {
            own_connection: true,
            within: self.within,
            connect_within: self.within,
            reply_limit: LONGEST,
            ..Post::new(&url, draft.endpoint.body.content_type(), &draft.body)
        };
        let mut sha1 = sha1::Sha1::new();
        let came = self.inputs.transport.download(&post, &mut |piece| {
            sha1.update(piece);
            sink(piece);
        });
        let came = came.map_err(|fault| BillFault::NotRead(fault.words()))?;
        if came.status != 200 {
            return Err(BillFault::NotRead(alloc::format!("HTTP {}", came.status)));
        }
        match came.digest.as_deref().and_then(|header| header.trim().strip_prefix("SHA=").map(String::from)) {
            Some(told) if !is_digest(&told, &sha1.finalize()) => Err(not_read("it is not what its Digest header says")),
            _ => Ok(()),
        }
    }
}

/// In hex. Whatever else stands there is another text's.
fn is_digest(told: &str, sha1: &[u8]) -> bool {
    let mut own = [0_u8; 40];
    hex::encode_to_slice(sha1, &mut own).is_ok() && told.trim().as_bytes().eq_ignore_ascii_case(&own)
}
