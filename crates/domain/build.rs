//! Tells cargo to look again when a data file is added or removed: the embedding macros only notice
//! changes to files they already know.

fn main() {
    for folder in
        ["codes", "catalogue", "rules", "gazetteer/communes.csv", "gazetteer/former.csv", "gazetteer/cedex.csv"]
    {
        println!("cargo::rerun-if-changed=../../data/{folder}");
    }
}
