-- Version 1. Released steps are never changed.

-- Whose journal it is. One row.
CREATE TABLE journal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    terminal INTEGER NOT NULL CHECK (terminal BETWEEN 0 AND 65535),
    device_info TEXT,
    -- Goes up with every new WAL. The lock file remembers it: a database that lost its WAL has a smaller one.
    wal INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every epoch that was ever drawn. Rows are never removed.
CREATE TABLE epochs (epoch INTEGER PRIMARY KEY) STRICT;

-- AUTOINCREMENT: the number of a pruned entry is not given again.
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    call TEXT NOT NULL,
    intent TEXT NOT NULL,
    order_number TEXT NOT NULL,
    fen INTEGER NOT NULL CHECK (fen BETWEEN 0 AND 2147483647),
    begun_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 1),
    last_attempt_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'open', 'accepted', 'declined', 'not sent', 'ordered', 'abandoned', 'paid late', 'for a person',
        'by hand: paid', 'by hand: not paid')),
    -- 1 once the gateway said that it knows the order.
    known INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1)),
    settled_at INTEGER,
    acknowledged_at INTEGER,
    -- How many rows it has in `fields`. NULL once they are blanked.
    field_count INTEGER,
    queried INTEGER CHECK (queried IN (0, 1)),
    code TEXT,
    text TEXT,
    next TEXT CHECK (next IN ('same number', 'same number later', 'new number', 'stop')),
    wait_seconds INTEGER CHECK (wait_seconds >= 0),
    wait_nanoseconds INTEGER CHECK (wait_nanoseconds BETWEEN 0 AND 999999999),
    reason TEXT,
    person TEXT,
    UNIQUE (account, order_number),
    CHECK ((state = 'open') = (settled_at IS NULL)),
    CHECK (state <> 'accepted' OR queried IS NOT NULL),
    CHECK (state <> 'declined' OR (code IS NOT NULL AND text IS NOT NULL AND next IS NOT NULL)),
    CHECK (next <> 'same number later' OR (wait_seconds IS NOT NULL AND wait_nanoseconds IS NOT NULL)),
    CHECK (state NOT IN ('for a person', 'by hand: paid', 'by hand: not paid') OR reason IS NOT NULL),
    CHECK (state NOT IN ('by hand: paid', 'by hand: not paid') OR person IS NOT NULL),
    CHECK (acknowledged_at IS NULL OR state NOT IN ('open', 'ordered', 'abandoned', 'for a person'))
) STRICT;

CREATE INDEX entries_by_intent ON entries (account, intent, id);
CREATE INDEX entries_unacknowledged ON entries (id) WHERE acknowledged_at IS NULL;

-- What is sent, in order. Neither keys nor nonces nor signatures.
CREATE TABLE fields (
    entry INTEGER NOT NULL REFERENCES entries (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (name NOT IN ('sign', 'workwx_sign', 'nonce_str')),
    value TEXT NOT NULL,
    PRIMARY KEY (entry, position)
) STRICT, WITHOUT ROWID;

-- What the gateway gave as proof.
CREATE TABLE evidence (
    entry INTEGER NOT NULL REFERENCES entries (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL CHECK (name NOT IN ('sign', 'workwx_sign', 'nonce_str')),
    value TEXT NOT NULL,
    PRIMARY KEY (entry, position)
) STRICT, WITHOUT ROWID;

-- Everything that a person ever wrote. Rows are never removed.
CREATE TABLE by_hand (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry INTEGER NOT NULL REFERENCES entries (id),
    at INTEGER NOT NULL,
    paid INTEGER NOT NULL CHECK (paid IN (0, 1)),
    person TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX by_hand_entry ON by_hand (entry);

-- For people. Times are China's, as the device believed.
CREATE VIEW payments AS
SELECT
    id,
    intent,
    order_number,
    call,
    fen AS amount_fen,
    state AS outcome,
    strftime('%Y-%m-%d %H:%M:%S', begun_at, 'unixepoch', '+8 hours') AS begun,
    strftime('%Y-%m-%d %H:%M:%S', settled_at, 'unixepoch', '+8 hours') AS settled,
    strftime('%Y-%m-%d %H:%M:%S', acknowledged_at, 'unixepoch', '+8 hours') AS acknowledged,
    attempts,
    code,
    text,
    next,
    reason,
    person,
    account
FROM entries;
