#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fluxdeck::sops::fuzzing::dotenv(data));
