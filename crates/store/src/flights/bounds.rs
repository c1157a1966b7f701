//! What flights laid on their vehicles (fence, rally points, parameters) and have not taken back yet.

use schedule::photo_ledger::SortieId;
use sqlx::Row;

use super::no_flight;
use crate::error::Result;
use crate::open::Store;

impl Store {
    /// Notes what the flight has laid on its vehicle, JSON text, in place of what was noted of any flight of the same
    /// vehicle before; none: the vehicle has everything back.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`].
    pub async fn set_laid(&self, sortie_id: &SortieId, json: Option<&str>) -> Result<()> {
        let mut tx = self.begin_write().await?;
        let vehicle = sqlx::query("select link, system_id from flight where sortie_id = $1")
            .bind(sortie_id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let vehicle = vehicle.ok_or_else(|| no_flight(sortie_id.as_str()))?;
        let (link, system_id): (String, i64) = (vehicle.try_get("link")?, vehicle.try_get("system_id")?);
        sqlx::query(
            "update flight set laid_json = null where link = $1 and system_id = $2 and laid_json is not null",
        )
        .bind(link)
        .bind(system_id)
        .execute(&mut *tx)
        .await?;
        sqlx::query("update flight set laid_json = $1 where sortie_id = $2")
            .bind(json)
            .bind(sortie_id.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// What still lies on a vehicle, JSON text: noted by the flight that laid it and not taken back.
    ///
    /// # Errors
    /// [`crate::StoreError`] when the database fails.
    pub async fn laid_on(&self, link: &str, system_id: u8) -> Result<Option<String>> {
        let row = sqlx::query(
            "select laid_json from flight where link = $1 and system_id = $2 and laid_json is not null
             order by created_at_us desc, sortie_id desc limit 1",
        )
        .bind(link)
        .bind(i64::from(system_id))
        .fetch_optional(self.pool())
        .await?;
        Ok(row.map(|row| row.try_get("laid_json")).transpose()?)
    }
}
