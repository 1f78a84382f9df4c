"""The tables of a coordinator's database. Only states are ever edited; what was said is added."""

from typing import Final

DATABASE: Final = "coordinator.sqlite"
"""In the coordinator's data folder."""
VERSION: Final = 4
"""`PRAGMA user_version`; another one is refused, never guessed at."""
GROWS_FROM: Final = (2, 3)
"""Versions that had no `leaves`, and no `voucher_uses` and `conflicts`; they need nothing else to become this one."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS events(
    id TEXT PRIMARY KEY, gw TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
    visit TEXT, kind TEXT NOT NULL, data TEXT NOT NULL, stored_us INTEGER NOT NULL,
    UNIQUE(gw, epoch, seq)
);
CREATE INDEX IF NOT EXISTS events_visit ON events(visit) WHERE visit IS NOT NULL;
CREATE TABLE IF NOT EXISTS leaves(  -- what stays of an event whose time here is over: its hash in the gateway's log
    gw TEXT, epoch INTEGER, seq INTEGER, leaf BLOB NOT NULL, PRIMARY KEY(gw, epoch, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors(
    gw TEXT, epoch INTEGER, next_seq INTEGER NOT NULL, last_id TEXT NOT NULL, PRIMARY KEY(gw, epoch)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS visits(
    id TEXT PRIMARY KEY, opened_us INTEGER NOT NULL, code TEXT, decided INTEGER NOT NULL, last_dec TEXT,
    reweighed INTEGER NOT NULL, place TEXT NOT NULL, gw TEXT NOT NULL, epoch INTEGER NOT NULL, measured TEXT,
    cases TEXT NOT NULL, passed TEXT NOT NULL, failed INTEGER NOT NULL, consignment TEXT, tier TEXT, lane TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS visits_code_newest ON visits(code, opened_us, id) WHERE code IS NOT NULL;
CREATE INDEX IF NOT EXISTS visits_code_departed ON visits(code) WHERE place = 'departed';
CREATE INDEX IF NOT EXISTS visits_consignment_newest ON visits(consignment, opened_us, id)
    WHERE consignment IS NOT NULL;
CREATE TABLE IF NOT EXISTS joins(  -- an id that a gateway minted for a parcel with an older visit
    visit TEXT PRIMARY KEY, older TEXT NOT NULL, told INTEGER NOT NULL  -- told: the gateway goes on under the older
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS joins_older ON joins(older);
CREATE TABLE IF NOT EXISTS visit_codes(  -- every identifier read, by the id under which it was
    code TEXT, visit TEXT, PRIMARY KEY(code, visit)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decisions(
    number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, gw TEXT NOT NULL, data TEXT NOT NULL,
    dec TEXT NOT NULL UNIQUE, valid_until_us INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0,
    settled INTEGER NOT NULL DEFAULT 0  -- the gateway's own copy of it has come (parcel.decided)
);
CREATE INDEX IF NOT EXISTS decisions_event ON decisions(event);
CREATE INDEX IF NOT EXISTS decisions_owed ON decisions(number) WHERE NOT sent;
CREATE INDEX IF NOT EXISTS decisions_open ON decisions(valid_until_us) WHERE NOT settled;
CREATE TABLE IF NOT EXISTS declarations(
    number INTEGER PRIMARY KEY AUTOINCREMENT, consignment TEXT NOT NULL, filed_us INTEGER NOT NULL,
    mawb TEXT, receptacle TEXT, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS declarations_mawb ON declarations(mawb) WHERE mawb IS NOT NULL;
CREATE INDEX IF NOT EXISTS declarations_consignment ON declarations(consignment);
CREATE TABLE IF NOT EXISTS declared_codes(  -- the declaration that an identifier finds now
    code TEXT PRIMARY KEY, number INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS declared_numbers ON declared_codes(number);
CREATE TABLE IF NOT EXISTS answers(
    number INTEGER PRIMARY KEY AUTOINCREMENT, consignment TEXT NOT NULL, party TEXT NOT NULL, action TEXT NOT NULL,
    reasons TEXT NOT NULL, source TEXT NOT NULL, heard_us INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_consignment ON answers(consignment, party);
CREATE TABLE IF NOT EXISTS draws(  -- for random checks, by every name it holds under
    name TEXT PRIMARY KEY, told TEXT NOT NULL, inspected INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS raised(  -- rates that findings have raised, by pseudonym of merchant or route
    subject TEXT PRIMARY KEY, ppm INTEGER NOT NULL, last TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vouchers(id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vouchers_end ON vouchers(json_extract(data, '$.valid_until'));
CREATE TABLE IF NOT EXISTS voucher_uses(  -- by which visit a voucher was used first
    voucher TEXT PRIMARY KEY, visit TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS conflicts(  -- as told in alerts of releases without the coordinator
    visit TEXT PRIMARY KEY, told TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bags(  -- bag.opened, by the event that says so
    event TEXT PRIMARY KEY, gw TEXT NOT NULL, line TEXT NOT NULL, receptacle TEXT, mawb TEXT, opened_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bags_line ON bags(gw, line, opened_us);
CREATE TABLE IF NOT EXISTS visit_bags(visit TEXT PRIMARY KEY, bag TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owners(  -- who answers for a visit's dwell from this moment; none: it has ended
    cause TEXT PRIMARY KEY, visit TEXT NOT NULL, t_us INTEGER NOT NULL, unc_us INTEGER NOT NULL, owner TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS owners_visit ON owners(visit);
CREATE INDEX IF NOT EXISTS owners_ended ON owners(t_us) WHERE owner IS NULL;
CREATE TABLE IF NOT EXISTS tampers(
    id TEXT PRIMARY KEY, gw TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS trees(  -- each gateway's log as far as it has been grown: its complete subtrees
    gw TEXT, epoch INTEGER, size INTEGER NOT NULL, nodes BLOB NOT NULL, PRIMARY KEY(gw, epoch)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoints(  -- as a gateway signed it, and our line under it
    gw TEXT, epoch INTEGER, size INTEGER, note TEXT NOT NULL, line TEXT, PRIMARY KEY(gw, epoch, size)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts(name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
