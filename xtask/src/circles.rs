//! Checks that the files of a crate do not import each other in circles.
//!
//! A file imports another when it names something of the other's module by `crate::`, `super::` or `self::`;
//! a name that a module re-exports counts as an import of the file that defines it. Tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::prose::without_comments_and_strings;

/// A module by its path from the crate's root: `["claims", "notes"]`.
type Module = Vec<String>;

/// The files of one crate.
#[derive(Default)]
struct Crate {
    /// Code of each module that has a file, without comments, strings and inline tests.
    code: BTreeMap<Module, String>,
    /// Path of each module's file in the workspace.
    files: BTreeMap<Module, String>,
}

impl Crate {
    fn read(root: &Path, source: &Path) -> Self {
        let mut read = Self::default();
        read.folder(root, source, &Module::new());
        read
    }

    fn folder(&mut self, root: &Path, folder: &Path, at: &Module) {
        for entry in std::fs::read_dir(folder).expect("a source folder").flatten() {
            let path = entry.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let inner: Module = at.iter().cloned().chain([name.clone()]).collect();
            if path.is_dir() {
                self.folder(root, &path, &inner);
            } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests" && name != "interleaved"
            {
                let module = if ["mod", "lib", "main"].contains(&name.as_str()) { at.clone() } else { inner };
                let text = std::fs::read_to_string(&path).expect("a source file");
                let code = without_comments_and_strings(&text);
                let code = code.split("\nmod tests {").next().unwrap_or_default().to_owned();
                self.files.insert(module.clone(), relative(root, &path));
                self.code.entry(module).or_default().push_str(&code);
            }
        }
    }

    /// The modules that a module's code imports.
    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let code = self.code.get(module).map(String::as_str).unwrap_or_default();
        let mut found = BTreeSet::new();
        for path in paths(code) {
            let Some(absolute) = absolute(module, &path) else { continue };
            if let Some(target) = self.resolve(&absolute, 0)
                && target != *module
            {
                found.insert(target);
            }
        }
        found
    }

    /// The module that defines what a path names: the longest prefix that is a module, then re-exports.
    fn resolve(&self, path: &[String], depth: usize) -> Option<Module> {
        let length = (0..=path.len()).rev().find(|length| self.code.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let Some(name) = rest.first() else { return Some(module.to_vec()) };
        let exported = paths_after(self.code.get(module)?, "pub use ")
            .chain(paths_after(self.code.get(module)?, "pub(crate) use "))
            .chain(paths_after(self.code.get(module)?, "pub(super) use "));
        for export in exported {
            if export.last() == Some(name) && depth < 4 {
                let from = absolute(&module.to_vec(), &export)
                    .unwrap_or_else(|| module.iter().cloned().chain(export.iter().cloned()).collect());
                return self.resolve(&from, depth + 1);
            }
        }
        Some(module.to_vec())
    }

    /// The files that can be reached from themselves.
    fn in_circles(&self) -> BTreeSet<String> {
        let imports: BTreeMap<&Module, BTreeSet<Module>> =
            self.code.keys().map(|module| (module, self.imports(module))).collect();
        let reaches = |from: &Module| {
            let mut seen = BTreeSet::new();
            let mut open: Vec<Module> = imports.get(from).into_iter().flatten().cloned().collect();
            while let Some(next) = open.pop() {
                if seen.insert(next.clone()) {
                    open.extend(imports.get(&next).into_iter().flatten().cloned());
                }
            }
            seen.contains(from)
        };
        self.code.keys().filter(|module| reaches(module)).filter_map(|module| self.files.get(module).cloned()).collect()
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).expect("a path of the workspace").to_string_lossy().replace('\\', "/")
}

/// A path from the crate's root; `None` when it starts with another crate's name.
fn absolute(module: &Module, path: &[String]) -> Option<Module> {
    let mut base = match path.first()?.as_str() {
        "crate" => Module::new(),
        "self" | "super" => module.clone(),
        _ => return None,
    };
    let mut rest = path;
    if path[0] == "super" {
        while rest.first().is_some_and(|word| word == "super") {
            base.pop();
            rest = &rest[1..];
        }
    } else {
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// Every path in code that starts with `crate`, `super` or `self`, with the branches of use-trees apart.
fn paths(code: &str) -> Vec<Vec<String>> {
    ["crate::", "super::", "self::"]
        .iter()
        .flat_map(|start| {
            code.match_indices(start).filter(|(at, _)| {
                let before = code[..*at].chars().next_back();
                !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':')
            })
        })
        .flat_map(|(at, _)| tree(&mut code[at..].chars().peekable(), &[]))
        .collect()
}

/// The paths of the use-trees that follow a word such as `pub use `.
fn paths_after<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = Vec<String>> + 'a {
    code.match_indices(word).flat_map(move |(at, _)| tree(&mut code[at + word.len()..].chars().peekable(), &[]))
}

/// Reads one use-tree or path.
fn tree(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, before: &[String]) -> Vec<Vec<String>> {
    let mut path = before.to_vec();
    loop {
        while rest.next_if(|letter| letter.is_whitespace()).is_some() {}
        if rest.next_if_eq(&'{').is_some() {
            let mut found = Vec::new();
            loop {
                found.extend(tree(rest, &path));
                // To the next branch, past `as name`.
                while rest.next_if(|letter| !matches!(letter, ',' | '}' | ';')).is_some() {}
                if rest.next_if_eq(&',').is_none() {
                    let _closing = rest.next();
                    return found;
                }
            }
        }
        let mut word = String::new();
        while let Some(letter) = rest.next_if(|letter| letter.is_alphanumeric() || *letter == '_') {
            word.push(letter);
        }
        if word.is_empty() {
            return if path.len() > before.len() { vec![path] } else { Vec::new() };
        }
        if word != "self" || path.is_empty() {
            path.push(word);
        }
        let has_more = rest.next_if_eq(&':').is_some() && rest.next_if_eq(&':').is_some();
        if !has_more {
            return vec![path];
        }
    }
}

fn files_in_circles() -> BTreeSet<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned();
    let crates = std::fs::read_dir(root.join("crates")).expect("the crates").flatten();
    crates.flat_map(|folder| Crate::read(&root, &folder.path().join("src")).in_circles()).collect()
}

#[test]
fn no_files_import_each_other_in_circles() {
    let found = files_in_circles();
    assert!(found.is_empty(), "files that import each other in circles:\n{}", Vec::from_iter(found).join("\n"));
}

#[test]
fn a_circle_is_found_through_groups_and_re_exports() {
    let module = |path: &str| path.split("::").filter(|word| !word.is_empty()).map(str::to_owned).collect::<Module>();
    let mut sample = Crate::default();
    for (name, code) in [
        ("", "mod a; mod b; mod c; pub use b::{Thing, other as One};"),
        ("a", "use crate::{Thing, c::{self, Sea}};"),
        ("b", "fn f() { super::a::g() }"),
        ("c", "use std::collections::BTreeMap;"),
    ] {
        sample.code.insert(module(name), code.to_owned());
        sample.files.insert(module(name), name.to_owned());
    }
    assert_eq!(sample.imports(&module("a")), [module("b"), module("c")].into());
    assert_eq!(sample.in_circles(), ["a".to_owned(), "b".to_owned()].into());
}
