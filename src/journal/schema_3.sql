-- Version 3: taking money at the counter. Released steps are never changed.

-- How often the till decided to reverse it, and when last. From the first time on it is never accepted.
ALTER TABLE entries ADD COLUMN reversals INTEGER NOT NULL DEFAULT 0 CHECK (reversals >= 0);
ALTER TABLE entries ADD COLUMN last_reversal_at INTEGER CHECK (last_reversal_at IS NULL OR reversals > 0);
-- What `state` alone does not say. 'unproven': declined, and the query has yet to say that it is unpaid. 'refunding': a refund that the
-- gateway took, and that has not arrived.
ALTER TABLE entries ADD COLUMN stage TEXT CHECK (
    stage IS NULL OR (stage = 'unproven' AND state = 'declined') OR (stage = 'refunding' AND state = 'ordered'));
CREATE INDEX entries_unproven ON entries (id) WHERE stage = 'unproven';
-- Of a refund: the order that it gives back from.
ALTER TABLE entries ADD COLUMN of_order TEXT;
CREATE INDEX entries_of_order ON entries (account, of_order, id) WHERE of_order IS NOT NULL;

DROP VIEW payments;
-- For people. Times are China's, as the device believed.
CREATE VIEW payments AS
SELECT
    id,
    intent,
    order_number,
    call,
    fen AS amount_fen,
    coalesce(stage, state) AS outcome,
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
    account
FROM entries;
