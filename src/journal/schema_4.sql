-- Version 4: little is written for a payment, and what was acknowledged long ago costs nothing. Released steps are never changed.

-- An intent is unique in the journal, whatever the account. Accounts are long texts, and each page that changes is written twice.
DROP INDEX entries_by_intent;
CREATE INDEX entries_by_intent ON entries (intent, id);
DROP INDEX entries_unacknowledged;

-- Texts that come again and again, once: accounts, names of fields, what a merchant always sends.
CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;

-- Acknowledged entries. Each is what it was in `entries`, shorter. `pairs` holds fields and evidence; `seal` the first half of its digest.
CREATE TABLE past (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    call INTEGER NOT NULL,
    intent TEXT NOT NULL,
    order_number TEXT NOT NULL,
    fen INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    attempt_after INTEGER NOT NULL,
    state INTEGER NOT NULL,
    known INTEGER NOT NULL,
    settled_after INTEGER,
    acknowledged_after INTEGER,
    field_count INTEGER,
    queried INTEGER,
    code TEXT,
    text TEXT,
    next TEXT,
    wait_seconds INTEGER,
    wait_nanoseconds INTEGER,
    reason TEXT,
    person TEXT,
    last_code TEXT,
    last_text TEXT,
    decided BLOB,
    reversals INTEGER NOT NULL,
    last_reversal_at INTEGER,
    stage TEXT,
    of_order TEXT,
    revision INTEGER NOT NULL,
    -- When the gateway had it paid, for those who read the view: `pairs` are for the library.
    time_end INTEGER,
    pairs BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT;

-- By what past entries are found, and what is known of intents that were pruned. Each row names the next one by its link, so that what is
-- not there is proven: a row that the storage hides is missed by the row before it.
CREATE TABLE keys (key BLOB PRIMARY KEY, bits INTEGER NOT NULL, link BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- How many entries are past.
ALTER TABLE journal ADD COLUMN past INTEGER NOT NULL DEFAULT 0 CHECK (past >= 0);

-- What a person wrote stays when its entry is past.
CREATE TABLE words_by_hand (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    paid INTEGER NOT NULL CHECK (paid IN (0, 1)),
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    digest BLOB CHECK (length(digest) = 16)
) STRICT;
INSERT INTO words_by_hand SELECT id, entry, at, paid, person, reason, digest FROM by_hand ORDER BY id;
DROP TABLE by_hand;
ALTER TABLE words_by_hand RENAME TO by_hand;
CREATE INDEX by_hand_entry ON by_hand (entry);

DROP VIEW payments;
-- For people. Times are China's, as the device believed.
CREATE VIEW payments AS
WITH every AS (
    SELECT id, intent, order_number, call, fen, coalesce(stage, state) AS outcome, begun_at, settled_at, acknowledged_at, of_order,
        attempts, reversals, code, text, next, reason, person, account,
        (SELECT value FROM evidence WHERE evidence.entry = entries.id AND name = 'time_end') AS time_end
    FROM entries
    UNION ALL
    SELECT past.id, intent, order_number, calls.word, fen, coalesce(stage, states.word), begun_at, begun_at + settled_after,
        begun_at + acknowledged_after, of_order, attempts, reversals, code, text, next, reason, person, accounts.word, CAST(time_end AS TEXT)
    FROM past
    LEFT JOIN words AS calls ON calls.id = past.call
    LEFT JOIN words AS states ON states.id = past.state
    LEFT JOIN words AS accounts ON accounts.id = past.account
)
SELECT
    id,
    intent,
    order_number,
    call,
    fen AS amount_fen,
    outcome,
    strftime('%Y-%m-%d %H:%M:%S', begun_at, 'unixepoch', '+8 hours') AS begun,
    strftime('%Y-%m-%d %H:%M:%S', settled_at, 'unixepoch', '+8 hours') AS settled,
    strftime('%Y-%m-%d %H:%M:%S', acknowledged_at, 'unixepoch', '+8 hours') AS acknowledged,
    of_order,
    attempts,
    reversals,
    code,
    text,
    next,
    reason,
    person,
    account,
    time_end
FROM every;
