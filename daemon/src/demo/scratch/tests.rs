use super::*;

#[test]
fn a_directory_goes_with_its_owner_and_all_that_is_in_it() {
    let scratch = Scratch::new("scratch-test").expect("temporary files have a place");
    let path = scratch.path().to_owned();
    fs::create_dir(path.join("inner")).expect("it is ours");
    fs::write(path.join("inner/file"), "content").expect("it is ours");
    drop(scratch);
    assert!(!path.exists());
}

#[test]
fn two_directories_of_one_process_are_two() {
    let (one, two) = (Scratch::new("scratch-test"), Scratch::new("scratch-test"));
    let path = |made: &io::Result<Scratch>| made.as_ref().ok().map(|s| s.path().to_owned());
    assert_ne!(path(&one), path(&two));
}
