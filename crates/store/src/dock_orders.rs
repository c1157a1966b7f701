//! Orders of people to docks, by hand: given, ended, listed.

use sqlx::Row;
use sqlx::any::AnyRow;
use survey::time::UtcMicros;

use crate::error::Result;
use crate::events::next_number;
use crate::open::Store;
use crate::rows::{maybe_utc, utc};

/// An order that a person gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDockOrder {
    /// The dock.
    pub dock_id: String,
    /// What it is to do, such as `open_lid`.
    pub command: String,
    /// Who says so.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When, on the city's clock.
    pub at: UtcMicros,
}

/// An order as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockOrderRow {
    /// Its number, such as `H3`.
    pub id: String,
    /// What was ordered.
    pub order: NewDockOrder,
    /// When it ended, on the city's clock, and why it was not done, if it was not.
    pub ended: Option<(UtcMicros, Option<String>)>,
}

impl Store {
    /// Writes an order down before it goes out. Answers its number.
    ///
    /// # Errors
    /// [`crate::error::StoreError`] when the database fails.
    pub async fn give_dock_order(&self, new: &NewDockOrder) -> Result<String> {
        let mut tx = self.begin_write().await?;
        let id = format!("H{}", next_number(&mut tx, "dock_order").await?);
        sqlx::query(
            "insert into dock_order (dock_order_id, dock_id, command, actor, reason, ordered_at_us)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .persistent(false)
        .bind(&id)
        .bind(&new.dock_id)
        .bind(&new.command)
        .bind(&new.actor)
        .bind(&new.reason)
        .bind(new.at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Writes down how an order ended: done, or why not.
    ///
    /// # Errors
    /// [`crate::error::StoreError`] when the database fails.
    pub async fn end_dock_order(&self, id: &str, why_not: Option<&str>, at: UtcMicros) -> Result<()> {
        let mut tx = self.begin_write().await?;
        sqlx::query(
            "update dock_order set ended_at_us = $1, outcome = $2, why = $3
             where dock_order_id = $4 and ended_at_us is null",
        )
        .persistent(false)
        .bind(at.0)
        .bind(if why_not.is_some() { "failed" } else { "done" })
        .bind(why_not)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// The newest orders to a dock, newest first.
    ///
    /// # Errors
    /// [`crate::error::StoreError`] when the database fails.
    pub async fn dock_orders(&self, dock_id: &str, limit: u32) -> Result<Vec<DockOrderRow>> {
        let rows = sqlx::query(
            "select dock_order_id, dock_id, command, actor, reason, ordered_at_us, ended_at_us, why from dock_order
             where dock_id = $1 order by ordered_at_us desc, dock_order_id desc limit $2",
        )
        .bind(dock_id)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(row_of).collect()
    }
}

fn row_of(row: &AnyRow) -> Result<DockOrderRow> {
    let ended_at = maybe_utc(row, "ended_at_us")?;
    let why: Option<String> = row.try_get("why")?;
    Ok(DockOrderRow {
        id: row.try_get("dock_order_id")?,
        order: NewDockOrder {
            dock_id: row.try_get("dock_id")?,
            command: row.try_get("command")?,
            actor: row.try_get("actor")?,
            reason: row.try_get("reason")?,
            at: utc(row, "ordered_at_us")?,
        },
        ended: ended_at.map(|at| (at, why)),
    })
}
