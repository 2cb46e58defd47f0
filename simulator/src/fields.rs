//! The fields of one request, in the order they came.

/// Name and value pairs. No name occurs twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Adds a field; `false` when the name is already there.
    pub(crate) fn push(&mut self, name: &str, value: &str) -> bool {
        if self.0.iter().any(|(known, _)| known == name) {
            return false;
        }
        self.0.push((name.to_owned(), value.to_owned()));
        true
    }

    /// The value, or an empty text. An empty field and an absent one mean the same (docs: F.1).
    pub(crate) fn get(&self, name: &str) -> &str {
        self.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The value as an amount in fen; 0 when it is none.
    pub(crate) fn fen(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// What must be equal in a repeat: all but the fields named, empty ones left out, sorted.
    pub(crate) fn content(&self, volatile: &[&str]) -> Fields {
        let mut kept: Vec<(String, String)> = self
            .0
            .iter()
            .filter(|(name, value)| !value.is_empty() && !volatile.contains(&name.as_str()))
            .cloned()
            .collect();
        kept.sort_unstable();
        Fields(kept)
    }
}
