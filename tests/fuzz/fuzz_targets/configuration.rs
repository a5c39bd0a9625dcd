//! cluster.conf from bytes to its typed reading, with every problem written out.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match confdb::load::configuration("cluster.conf", data) {
        Ok(configuration) => {
            let again = confdb::load::configuration("cluster.conf", data).expect("as before");
            assert_eq!(again.cluster, configuration.cluster);
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "what is refused is refused for a reason");
            for problem in problems {
                assert!(!problem.to_string().contains('\n'), "{problem:?}");
            }
        }
    }
});
