//! Which module may use which. Every path that begins with `crate::`, `super::`, `self::` or
//! `holly::` is read, in `use` lines and in code; a re-export counts for the module that defines
//! the item. Tests are not held to it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Modules from top to bottom, and what each may use beside `domain`. `below` is every module of
/// the server in a later row.
const MODULES: [(&str, &str); 23] = [
    ("commands", "server::serve below"),
    ("server::serve", "app below"),
    ("app", "pages components server::http server::state"),
    ("pages", "components live server_fns"),
    ("components", "live server_fns"),
    ("live", ""),
    ("server_fns", "below"),
    ("server::http", "below"),
    ("server::state", "below"),
    ("server::stats", "below"),
    ("server::export", "below"),
    ("server::assistant", "below"),
    ("server::identity", "below"),
    ("server::retention", "below"),
    ("server::chat", "below"),
    ("server::work_log", "below"),
    ("server::limits", "below"),
    ("server::archive", "below"),
    ("server::files", "below"),
    ("server::feed", "below"),
    ("server::audit", "below"),
    ("server::store", "below"),
    ("server::base", ""),
];

/// A module, as the names on the way to it.
type Module = Vec<String>;

/// A path in the source, from the root of the crate.
struct Use {
    line: usize,
    path: Module,
    /// Under which name it is exported again.
    exported: Option<String>,
}

struct Source {
    file: PathBuf,
    module: Module,
    uses: Vec<Use>,
    /// Names of public types.
    types: Vec<String>,
}

#[test]
fn modules_use_only_what_their_row_allows() {
    let sources = sources();
    let mut found = BTreeSet::new();
    for (source, used, line) in dependencies(&sources) {
        let (from, to) = (row(&source.module), row(&used));
        if from != to && !allowed(from.as_deref(), to.as_deref()) {
            found.insert(format!(
                "{}:{line}: {} uses {}",
                source.file.display(),
                from.unwrap_or_else(|| source.module.join("::")),
                used.join("::")
            ));
        }
    }
    assert!(
        found.is_empty(),
        "not allowed by the table in src/tests/architecture.rs:\n{}",
        Vec::from_iter(found).join("\n")
    );
}

#[test]
fn modules_beside_each_other_form_no_cycle() {
    let sources = sources();
    // For each pair of siblings, one place where the first uses the second. At the top the table
    // itself allows no cycle.
    let mut edges: BTreeMap<Module, BTreeMap<Module, String>> = BTreeMap::new();
    for (source, used, line) in dependencies(&sources) {
        let shared = shared_length(&source.module, &used);
        let pair = (source.module.get(..=shared), used.get(..=shared));
        if let (1.., (Some(from), Some(to))) = (shared, pair) {
            let place = format!("{}:{line}", source.file.display());
            let targets = edges.entry(from.to_vec()).or_default();
            targets.entry(to.to_vec()).or_insert(place);
        }
    }
    let cycles: Vec<String> = edges
        .keys()
        .filter_map(|start| cycle_from(start, &edges))
        .map(|cycle| describe(&cycle, &edges))
        .collect();
    assert!(
        cycles.is_empty(),
        "cycles of modules:\n{}",
        cycles.join("\n")
    );
}

#[test]
fn public_types_have_names_of_their_own() {
    let sources = sources();
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in &sources {
        for name in &source.types {
            let file = source.file.display().to_string();
            places.entry(name).or_default().push(file);
        }
    }
    places.retain(|name, files| *name != "Result" && files.len() > 1);
    assert!(places.is_empty(), "types of one name: {places:#?}");
}

/// The row of the table that a module belongs to. `None`: it has none.
fn row(module: &[String]) -> Option<String> {
    if module.is_empty() || module[0] == "domain" {
        return Some(module.join("::").split("::").next()?.to_owned());
    }
    (1..=2)
        .filter_map(|length| Some(module.get(..length)?.join("::")))
        .find(|name| MODULES.iter().any(|(module, _)| module == name))
}

/// The root of the crate declares the modules and may name all of them.
fn allowed(from: Option<&str>, to: Option<&str>) -> bool {
    let (Some(from), Some(to)) = (from, to) else {
        return false;
    };
    if from.is_empty() || to == "domain" {
        return true;
    }
    let position = |name: &str| MODULES.iter().position(|(module, _)| *module == name);
    let Some(at) = position(from) else {
        return false;
    };
    MODULES[at].1.split(' ').any(|used| match used {
        "below" => to.starts_with("server::") && position(to) > Some(at),
        used => used == to,
    })
}

fn shared_length(one: &[String], other: &[String]) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// The shortest way from a module back to itself, where it is the first of that cycle by name.
fn cycle_from(
    start: &Module,
    edges: &BTreeMap<Module, BTreeMap<Module, String>>,
) -> Option<Vec<Module>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last()?;
            for next in edges.get(last).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if next > start && seen.insert(next.clone()) {
                    longer.push([way.as_slice(), std::slice::from_ref(next)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

fn describe(cycle: &[Module], edges: &BTreeMap<Module, BTreeMap<Module, String>>) -> String {
    let following = cycle.iter().cycle().skip(1);
    cycle
        .iter()
        .zip(following)
        .map(|(from, to)| {
            let (from_name, to_name) = (from.join("::"), to.join("::"));
            format!("{}: {from_name} uses {to_name}", edges[from][to])
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Each use of one module by another, with its line.
fn dependencies(sources: &[Source]) -> impl Iterator<Item = (&Source, Module, usize)> {
    let modules: BTreeSet<&[String]> = sources.iter().map(|source| &*source.module).collect();
    let exports: BTreeMap<Module, &[String]> = sources
        .iter()
        .flat_map(|source| source.uses.iter().map(move |used| (source, used)))
        .filter_map(|(source, used)| {
            let name = used.exported.clone()?;
            Some(([&*source.module, &[name]].concat(), &*used.path))
        })
        .collect();
    sources.iter().flat_map(move |source| {
        let resolved = source.uses.iter().filter_map(|used| {
            let path = defining_path(&used.path, &exports);
            let length = (0..=path.len()).rfind(|length| modules.contains(&path[..*length]))?;
            (path[..length] != *source.module).then(|| (source, path[..length].to_vec(), used.line))
        });
        resolved.collect::<Vec<_>>()
    })
}

/// Follows re-exports to where an item is defined.
fn defining_path(path: &[String], exports: &BTreeMap<Module, &[String]>) -> Module {
    let mut path = path.to_vec();
    for _ in 0..8 {
        let exported = (1..=path.len()).rev().find_map(|length| {
            let target = exports.get(&path[..length])?;
            Some([*target, &path[length..]].concat())
        });
        match exported {
            Some(target) if target != path => path = target,
            _ => break,
        }
    }
    path
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let modules: BTreeSet<Module> = files.iter().map(|file| module_of(&root, file)).collect();
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let module = module_of(&root, &file);
            let mut reader = Reader {
                modules: &modules,
                uses: Vec::new(),
                types: Vec::new(),
            };
            reader.read(text.parse().unwrap(), &module);
            Source {
                file: file
                    .strip_prefix(root.parent().unwrap())
                    .unwrap()
                    .to_owned(),
                module,
                uses: reader.uses,
                types: reader.types,
            }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["tests", "browser_tests", "benches"].contains(&name.as_str()) {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

fn module_of(root: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let mut module: Module = path
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    match module.last().map(String::as_str) {
        Some("mod" | "lib") => _ = module.pop(),
        Some("main") => module = vec!["commands".to_owned()],
        _ => {}
    }
    module
}

/// Finds the paths of one file. Text in comments and strings is not read.
struct Reader<'a> {
    modules: &'a BTreeSet<Module>,
    uses: Vec<Use>,
    types: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, stream: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            let ident = name(token);
            let next = tokens.get(at).and_then(name);
            match (token, ident.as_deref()) {
                (TokenTree::Group(group), _) => {
                    // `mod name { … }`
                    let inner = (at >= 3 && name(&tokens[at - 3]).as_deref() == Some("mod"))
                        .then(|| name(&tokens[at - 2]))
                        .flatten();
                    let inner: Module = module.iter().cloned().chain(inner).collect();
                    self.read(group.stream(), &inner);
                }
                (_, Some("struct" | "enum" | "trait" | "type"))
                    if at >= 2 && is_visibility(&tokens[at - 2]) =>
                {
                    self.types.extend(next);
                }
                // not an element of SVG in a view
                (_, Some("use"))
                    if next.is_some() && !(at >= 2 && is_punct(&tokens[at - 2], '<')) =>
                {
                    let exported = at >= 2 && is_visibility(&tokens[at - 2]);
                    let end = (at..tokens.len()).find(|&end| is_punct(&tokens[end], ';'));
                    let end = end.unwrap_or(tokens.len());
                    self.tree(&tokens[at..end], &[], module, exported);
                    at = end;
                }
                (_, Some("crate" | "super" | "self" | "holly")) if !follows_colons(&tokens, at) => {
                    let length = path_length(&tokens[at - 1..]);
                    let names: Module = tokens[at - 1..at - 1 + length]
                        .iter()
                        .filter_map(name)
                        .collect();
                    if names.len() > 1 {
                        self.add(&names, module, token.span().start().line, None);
                    }
                    at += length - 1;
                }
                _ => {}
            }
        }
    }

    /// One tree of a `use` declaration below `prefix`.
    fn tree(&mut self, tokens: &[TokenTree], prefix: &[String], module: &[String], exported: bool) {
        let mut path = prefix.to_vec();
        let mut alias = None;
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in inner.split(|token| is_punct(token, ',')) {
                        self.tree(part, &path, module, exported);
                    }
                    return;
                }
                token if name(token).as_deref() == Some("as") => {
                    alias = tokens.get(at + 1).and_then(name);
                    break;
                }
                token => path.extend(name(token)),
            }
        }
        if path.len() > prefix.len().max(1) && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let (Some(first), Some(last)) = (tokens.first(), path.last()) {
            let exported = exported.then(|| alias.unwrap_or_else(|| last.clone()));
            let line = first.span().start().line;
            self.add(&path.clone(), module, line, exported);
        }
    }

    fn add(&mut self, names: &[String], module: &[String], line: usize, exported: Option<String>) {
        let mut base = module.to_vec();
        let mut rest = names;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" | "holly" => base.clear(),
                "self" => {}
                "super" => _ = base.pop(),
                _ => break,
            }
            rest = others;
        }
        let path = [&base, rest].concat();
        // Without a prefix it may be a child of this module, or another crate.
        let relative = rest.len() == names.len();
        if !relative
            || (1..=path.len()).any(|n| n > base.len() && self.modules.contains(&path[..n]))
        {
            self.uses.push(Use {
                line,
                path,
                exported,
            });
        }
    }
}

fn name(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// `pub`, or the parentheses of `pub(crate)`.
fn is_visibility(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
        token => name(token).as_deref() == Some("pub"),
    }
}

/// Whether the token before `at` stands behind `::`.
fn follows_colons(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_punct(&tokens[at - 2], ':')
}

/// How many tokens from the first on are a path: names with `::` between them.
fn path_length(tokens: &[TokenTree]) -> usize {
    let mut length = 1;
    while tokens.get(length).is_some_and(|token| is_punct(token, ':'))
        && tokens
            .get(length + 1)
            .is_some_and(|token| is_punct(token, ':'))
        && tokens.get(length + 2).and_then(name).is_some()
    {
        length += 3;
    }
    length
}
