//! The program as a process: killed without warning, told to end, started twice, started with nonsense.

mod ends;
mod home;
mod kill;
mod lease;
mod load;
mod settings;
