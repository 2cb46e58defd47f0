//! The integration tests, one binary. Folders mirror `src/`; `house/` looks at the source itself, `support/` is what tests need.

// `till/till.rs` tests what `src/till/` as a whole does.
#![allow(clippy::module_inception)]

mod support;

mod house {
    mod cross_file;
    mod faults_md;
    mod floors;
    mod packaging;
    mod readmes;
    mod rules;
    mod supply_chain;
}

mod wire {
    mod bills;
    mod fund_flow;
    mod hostile;
    mod quirks;
    mod quirks_general;
    mod quirks_red_packets;
    mod quirks_redpack;
    mod quirks_swiftpass;
    mod quirks_webgate;
    mod quirks_workwx;
    #[cfg(feature = "https")]
    mod readers;
    mod refusals;
    #[cfg(feature = "https")]
    mod rsa_requests;
    pub mod tables;
    mod tables_red_packets;
    mod tables_refund;
    mod tables_unified;
    mod vectors;
}

mod client {
    mod bad_input;
    #[cfg(feature = "https")]
    mod checks;
    mod explains;
    #[cfg(feature = "https")]
    mod faults;
    #[cfg(feature = "https")]
    mod faults_asked;
    mod outcomes;
    mod outcomes_unified;
    mod proofs;
    #[cfg(target_os = "linux")]
    mod remains;
    #[cfg(feature = "https")]
    mod secrets;
}

// Against the simulator and against hand-made servers.
#[cfg(feature = "https")]
mod transport {
    mod http_heads;
    mod identity;
    mod peers;
    mod resolver;
    #[cfg(all(feature = "sqlite", target_os = "linux"))]
    pub mod signals;
    #[cfg(all(feature = "sqlite", target_os = "linux"))]
    mod signals_counter;
    mod situations;
    mod warm;
    mod warmed;
}

mod journal {
    #[cfg(all(feature = "https", feature = "sqlite", target_os = "linux"))]
    mod file_systems;
    #[cfg(feature = "sqlite")]
    mod flash;
    #[cfg(feature = "sqlite")]
    pub mod flips;
    #[cfg(feature = "sqlite")]
    mod free_pages;
    #[cfg(feature = "sqlite")]
    mod gone;
    #[cfg(feature = "sqlite")]
    pub mod journal;
    #[cfg(feature = "sqlite")]
    mod journal_damage;
    #[cfg(feature = "sqlite")]
    mod journal_openings;
    #[cfg(feature = "sqlite")]
    mod journal_people;
    #[cfg(feature = "sqlite")]
    mod journal_storage;
    #[cfg(feature = "sqlite")]
    mod keeping;
    #[cfg(feature = "sqlite")]
    mod migration;
    #[cfg(all(feature = "https", feature = "sqlite", target_os = "linux"))]
    mod moved_files;
    mod order_numbers;
    #[cfg(feature = "sqlite")]
    pub mod years;
}

// What firmware brings, and what is wrong with it.
#[cfg(feature = "contract")]
mod contract {
    #[path = "../../../examples/own_journal/chip.rs"]
    pub mod chip;
    #[path = "../../../examples/own_journal/journal.rs"]
    pub mod journal;
    mod journal_mistakes;
    #[cfg(feature = "std")]
    pub mod modem;
    mod own_journals;
    #[cfg(feature = "std")]
    mod own_transports;
    #[path = "../../../examples/own_journal/record.rs"]
    pub mod record;
}

mod till {
    #[cfg(feature = "https")]
    mod acquirer_https;
    mod allowed_again;
    mod backups;
    mod cashier;
    mod clocks;
    mod counter_checks;
    mod counter_end;
    mod counter_field;
    mod counter_gateway;
    mod counter_ledger;
    mod counter_shop;
    mod counter_usual;
    mod counter_watch;
    // Real processes, killed.
    #[cfg(all(feature = "https", feature = "sqlite"))]
    pub mod crash;
    #[cfg(all(feature = "https", feature = "sqlite"))]
    mod crash_counter;
    #[cfg(all(feature = "https", feature = "sqlite"))]
    mod crash_counter_books;
    #[cfg(all(feature = "https", feature = "sqlite"))]
    pub mod crash_counter_till;
    #[cfg(all(feature = "https", feature = "sqlite"))]
    pub mod crash_till;
    mod field;
    mod field_checks;
    mod field_found;
    pub mod field_gateway;
    pub mod field_shop;
    #[cfg(all(feature = "https", feature = "sqlite", target_os = "linux"))]
    mod forks;
    mod given_back;
    mod last_word;
    mod last_words;
    mod late_money;
    mod many_ways;
    mod micropay;
    mod micropay_again;
    #[cfg(feature = "https")]
    mod micropay_https;
    pub mod modelled;
    mod one_intent;
    pub mod orders;
    mod orders_notified;
    mod paid_twice;
    #[cfg(feature = "std")]
    mod promises;
    #[cfg(feature = "std")]
    mod promises_threads;
    #[cfg(feature = "std")]
    mod promises_threads_counter;
    mod proven;
    mod read_in_the_code;
    mod reconcile;
    #[cfg(feature = "https")]
    mod reconcile_https;
    mod red_packets;
    mod refund_checks;
    #[cfg(feature = "https")]
    mod refund_faults;
    mod refund_field;
    mod refund_gateway;
    pub mod refunds;
    #[cfg(feature = "https")]
    pub mod refunds_https;
    #[cfg(feature = "https")]
    mod refunds_notified;
    pub mod scanned;
    #[cfg(feature = "https")]
    mod scanned_https;
    pub mod simulation;
    mod till;
    mod till_others;
    mod till_steps;
    #[cfg(feature = "sqlite")]
    mod trust;
    mod unified;
    mod unified_orders;
    mod unified_refunds;
    mod unknown_calls;
    #[cfg(feature = "https")]
    mod waited;
}
