//! A million people by the figures of this run. What is assumed stands here, on top; the rest is computed.

/// People with an account.
const PEOPLE: f64 = 1e6;
/// Of them, those who come on a day.
const DAILY: f64 = 0.1;
/// Turns of each of those on that day.
const TURNS: f64 = 10.0;
/// Entries of a turn.
const ENTRIES: f64 = 6.0;
/// Of all people, those with an open page at the busiest moment.
const WATCHING: f64 = 0.02;
/// The busiest hour against the mean of the day.
const PEAK: f64 = 4.0;
/// Days that an entry is hot, warm, and in the archive.
const DAYS: (f64, f64, f64) = (7.0, 23.0, 60.0);

/// Bytes, statements and milliseconds, each for one.
#[derive(Debug, Default)]
pub struct Measured {
    pub person: f64,
    pub turn: f64,
    pub hot: f64,
    pub warm: f64,
    /// What an entry in the archive leaves in the database: its share of manifest and totals.
    pub cold: f64,
    pub archived: f64,
    pub entry_statements: f64,
    /// Statements for a change that is read for the readers of a person.
    pub wake_statements: f64,
    pub holly_ms: f64,
    pub postgres_ms: f64,
}

impl Measured {
    pub fn tell(&self) {
        println!(
            "a million people, assuming that {:.0} % come on a day, for {TURNS} turns of {ENTRIES} entries each; that {:.0} % watch at the\n\
             busiest moment; that the busiest hour has {PEAK} times the mean; tiers of {} + {} + {} days",
            DAILY * 100.0,
            WATCHING * 100.0,
            DAYS.0,
            DAYS.1,
            DAYS.2
        );
        let turns = PEOPLE * DAILY * TURNS;
        let entries = turns * ENTRIES;
        let line =
            |what: &str, value: f64, unit: &str| println!("  {what:<58} {value:>12.1} {unit}");
        let gib = |bytes: f64| bytes / (1u64 << 30) as f64;
        line("accounts, sessions, keys", gib(PEOPLE * self.person), "GiB");
        line(
            "entries hot and warm",
            gib(entries * (DAYS.0 * self.hot + DAYS.1 * self.warm)),
            "GiB",
        );
        line(
            "conversations and messages, a year",
            gib(turns * 365.0 * self.turn),
            "GiB",
        );
        line(
            "manifest and totals of archived entries, 60 days",
            gib(entries * DAYS.2 * self.cold),
            "GiB",
        );
        line(
            "objects in the archive",
            gib(entries * DAYS.2 * self.archived),
            "GiB",
        );
        let peak = entries / 86_400.0 * PEAK;
        line("entries at the busiest time", peak, "a second");
        line(
            "statements for writing them",
            peak * self.entry_statements,
            "a second",
        );
        line(
            "statements for showing them, if everybody watches their own",
            peak * 2.0 * self.wake_statements,
            "a second",
        );
        line(
            "processors for writing them: Holly",
            peak * self.holly_ms / 1e3,
            "cores",
        );
        line(
            "processors for writing them: PostgreSQL",
            peak * self.postgres_ms / 1e3,
            "cores",
        );
        line("streams at the busiest time", PEOPLE * WATCHING, "");
        println!("  (memory of a stream: the benchmark `streams`)");
    }
}
