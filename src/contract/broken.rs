//! Which promise was broken, and by which call.

use alloc::string::String;
use core::fmt;

/// What an implementation must keep, one by one. The words are those of [`Journal`](crate::Journal) and
/// [`Transport`](crate::Transport).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Promise {
    /// Journal: what a call said is done survives a power cut.
    Durable,
    /// Journal: a change is there whole, or not at all.
    Whole,
    /// Journal: it opens again after a power cut.
    OpensAgain,
    /// Journal: no entry is lost without a fault.
    NothingLost,
    /// Journal: a serial is handed out once.
    SerialOnce,
    /// Journal: each opening draws a new epoch, and so does a full counter.
    NewEpoch,
    /// Journal: the epoch is random, so that a deleted journal does not begin like the one before it.
    RandomEpoch,
    /// Journal: what it gives back is what was stored.
    AsStored,
    /// Journal: a flipped bit is a fault, or reads the same.
    FlippedBit,
    /// Journal: each change makes the revision one more.
    Revision,
    /// Journal: a number is given to one entry, and rises.
    RisingNumbers,
    /// Journal: an intent is unique, whatever the account.
    IntentOnce,
    /// Journal: what is settled stays as it is.
    SettledStays,
    /// Journal: a call that the entry does not allow is a fault.
    OnlyWhereAllowed,
    /// Journal: what its own rules forbid is a fault of the kind `Refused`.
    SaysRefused,
    /// Journal: a call that failed changed nothing.
    FaultChangesNothing,
    /// Journal: what the rules allow is done.
    Serves,
    /// Journal: an acknowledgement stays, and ends where the entry changed.
    Acknowledged,
    /// Journal: each question finds what it asks for, and nothing else.
    Finds,
    /// Journal: pruning takes what it may take, and leaves the rest.
    Pruned,
    /// Journal: a pruned intent is never begun again.
    GoneForEver,
    /// Journal: the sums of a time are those of its entries.
    Sums,
    /// Journal: its owner stays the same.
    SameOwner,
    /// Transport: the request is sent at most once.
    SentOnce,
    /// Transport: `Sent::No` says that no byte of the request left.
    NothingLeft,
    /// Transport: it goes to no other host.
    NoOtherHost,
    /// Transport: the request arrives as it was given.
    WholeRequest,
    /// Transport: a reply that was cut is no reply.
    WholeReply,
    /// Transport: status and body are those that were sent.
    AsReceived,
    /// Transport: a reply belongs to its own request.
    OwnReply,
    /// Transport: a reply that is longer than the limit is no reply.
    ReplyLimit,
    /// Transport: it gives up after the deadline.
    Deadline,
    /// Transport: `own_connection` is a connection that carried nothing before.
    OwnConnection,
    /// Transport: `reused` says that the connection carried another exchange.
    SaysReused,
    /// Transport: `forget` closes the idle connections.
    Forgets,
    /// Transport: `reach` sends no request.
    ReachSendsNothing,
    /// Transport: the server's certificate and name are checked before anything is sent.
    KnowsItsServer,
    /// Transport: what it can do it does.
    Carries,
}

impl Promise {
    /// The promise in a sentence.
    pub const fn text(self) -> &'static str {
        self.words().0
    }

    /// The same in Chinese.
    pub const fn text_zh(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Promise::Durable => ("what a call said is done survives a power cut", "已返回成功的写入，断电后必须还在"),
            Promise::Whole => ("a change is there whole, or not at all", "一次修改要么全部写入，要么完全没有"),
            Promise::OpensAgain => ("it opens again after a power cut", "断电后必须能再次打开"),
            Promise::NothingLost => ("no entry is lost without a fault", "不得在不报错的情况下丢失记录"),
            Promise::SerialOnce => ("a serial is handed out once", "序号只发一次"),
            Promise::NewEpoch => {
                ("each opening draws a new epoch, and so does a full counter", "每次打开、计数用完时都要换新的 epoch")
            }
            Promise::RandomEpoch => (
                "an epoch is random: a deleted journal does not begin like the one before it",
                "epoch 必须随机：删掉重建的账本不得与之前相同",
            ),
            Promise::AsStored => ("what it gives back is what was stored", "读出的必须与写入的一致"),
            Promise::FlippedBit => ("a flipped bit is a fault, or reads the same", "比特翻转必须报错，或者读出不变"),
            Promise::Revision => ("each change makes the revision one more", "每次修改 revision 加一"),
            Promise::RisingNumbers => ("a number is given to one entry, and rises", "记录编号只用一次，并且递增"),
            Promise::IntentOnce => {
                ("an intent is unique, whatever the account", "一个 intent 在整个账本中只能有一笔，不论账户")
            }
            Promise::SettledStays => ("what is settled stays as it is", "已有结果的记录不得被覆盖"),
            Promise::OnlyWhereAllowed => {
                ("a call that the entry does not allow is a fault", "记录不允许的操作必须报错")
            }
            Promise::SaysRefused => {
                ("what its own rules forbid is a fault of the kind Refused", "规则禁止的操作，错误类型必须是 Refused")
            }
            Promise::FaultChangesNothing => ("a call that failed changed nothing", "报错的操作不得改变任何内容"),
            Promise::Serves => ("what the rules allow is done", "规则允许的操作必须完成"),
            Promise::Acknowledged => {
                ("an acknowledgement stays, and ends where the entry changed", "确认必须保留；记录变化后确认失效")
            }
            Promise::Finds => ("each question finds what it asks for, and nothing else", "查询必须恰好找到所查的内容"),
            Promise::Pruned => ("pruning takes what it may take, and leaves the rest", "清理只删除允许删除的内容"),
            Promise::GoneForEver => ("a pruned intent is never begun again", "清理掉的 intent 永远不得再次开始"),
            Promise::Sums => ("the sums of a time are those of its entries", "时段合计必须等于其中记录之和"),
            Promise::SameOwner => ("its owner stays the same", "所属终端不得改变"),
            Promise::SentOnce => ("the request is sent at most once", "请求最多发送一次"),
            Promise::NothingLeft => {
                ("`Sent::No` says that no byte of the request left", "Sent::No 表示请求一个字节也没有发出")
            }
            Promise::NoOtherHost => ("it goes to no other host", "不得发往其他主机"),
            Promise::WholeRequest => ("the request arrives as it was given", "请求必须原样到达"),
            Promise::WholeReply => ("a reply that was cut is no reply", "被截断的应答不是应答"),
            Promise::AsReceived => ("status and body are those that were sent", "状态码和应答体必须与对方发送的一致"),
            Promise::OwnReply => ("a reply belongs to its own request", "应答必须属于本次请求"),
            Promise::ReplyLimit => ("a reply that is longer than the limit is no reply", "超过长度限制的应答不是应答"),
            Promise::Deadline => ("it gives up after the deadline", "到时限必须放弃"),
            Promise::OwnConnection => (
                "`own_connection` is a connection that carried nothing before",
                "own_connection 必须使用没有传输过请求的新连接",
            ),
            Promise::SaysReused => {
                ("`reused` says that the connection carried another exchange", "reused 必须如实说明连接是否用过")
            }
            Promise::Forgets => ("`forget` closes the idle connections", "forget 必须关闭空闲连接"),
            Promise::ReachSendsNothing => ("`reach` sends no request", "reach 不得发送请求"),
            Promise::KnowsItsServer => (
                "the server's certificate and name are checked before anything is sent",
                "发送之前必须验证服务器证书和域名",
            ),
            Promise::Carries => ("what it can do it does", "能做到的必须做到"),
        }
    }
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// Which one.
    pub promise: Promise,
    /// The call that broke it: `settle`, `post`.
    pub call: &'static str,
    /// What was done, what was expected and what was found.
    pub story: String,
}

impl Broken {
    pub(super) fn new(promise: Promise, call: &'static str, story: impl Into<String>) -> Broken {
        Broken { promise, call, story: story.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Broken { promise, call, story } = self;
        write!(f, "broken: {} ({})\n`{call}`: {story}", promise.text(), promise.text_zh())
    }
}

impl core::error::Error for Broken {}
