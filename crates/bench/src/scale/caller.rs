//! One caller of the partner API: searches, books, cancels, and understands the answers.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::load::{Connection, request};

const BASE: &str = "/claims/api/v1";

/// A keep-alive connection with a key.
pub struct Caller {
    connection: Connection,
    key: String,
}

/// What a search offered.
pub struct Offered {
    searched: Value,
    found: Value,
}

impl Offered {
    /// How many times there are to choose from.
    pub fn count(&self) -> usize {
        self.found["timeslots"].as_array().map_or(0, Vec::len)
    }

    /// When one of them begins.
    pub fn start(&self, slot: usize) -> Option<Timestamp> {
        self.found["timeslots"][slot]["startTime"].as_str()?.parse().ok()
    }

    /// The request that books one of them, written out.
    pub fn booking(&self, key: &str, slot: usize, case: &str) -> Vec<u8> {
        let body = json!({
            "timeslot": self.found["timeslots"][slot],
            "sessionID": self.found["sessionID"],
            "location": self.searched["appointmentLocation"],
            "caseNumber": case,
        });
        request("POST", &format!("{BASE}/appointments"), Some(("pid", key)), Some(&body.to_string()))
    }
}

/// A search, written out.
pub fn search_request(key: &str, search: &Value) -> Vec<u8> {
    request("POST", &format!("{BASE}/intervention"), Some(("pid", key)), Some(&search.to_string()))
}

impl Caller {
    /// Connects.
    pub async fn open(address: SocketAddr, key: &str) -> std::io::Result<Self> {
        Ok(Self { connection: Connection::open(address).await?, key: key.to_owned() })
    }

    /// Sends a request that was written out.
    pub async fn send(&mut self, request: &[u8]) -> std::io::Result<(u16, Value)> {
        let answer = self.connection.send(request).await?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
    }

    /// Searches: the status, and what was offered.
    pub async fn search(&mut self, search: Value) -> std::io::Result<(u16, Offered)> {
        let (status, found) = self.send(&search_request(&self.key, &search)).await?;
        Ok((status, Offered { searched: search, found }))
    }

    /// Searches, and cannot go on when that fails.
    pub async fn must_find(&mut self, search: Value) -> Offered {
        let (status, offered) = self.search(search).await.expect("an answer");
        assert_eq!(status, 200, "a search: {}", offered.found);
        offered
    }

    /// Books one of the offered times: the status, and the appointment's id when it was made.
    pub async fn book(&mut self, offered: &Offered, slot: usize, case: &str) -> std::io::Result<(u16, String)> {
        let (status, made) = self.send(&offered.booking(&self.key, slot, case)).await?;
        Ok((status, made["id"].as_str().unwrap_or_default().to_owned()))
    }

    /// Cancels an appointment; tells the status.
    pub async fn cancel(&mut self, id: &str) -> std::io::Result<u16> {
        let path = format!("{BASE}/appointments/{id}/cancel");
        let reason = r#"{"reason":"Autre"}"#;
        let (status, _made) = self.send(&request("POST", &path, Some(("pid", &self.key)), Some(reason))).await?;
        Ok(status)
    }
}
