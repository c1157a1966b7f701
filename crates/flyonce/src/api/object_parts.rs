//! Uploads in parts, as S3 has them: begin (`POST ?uploads`), parts in any order and each as often as needed
//! (`PUT ?partNumber&uploadId`), complete or abort. Parts lie in a folder of their upload until it is complete, and
//! outlive a restart of the program.

use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use formats::s3_xml::{CompletedPart, completed_parts};
use http_body_util::{BodyExt, Limited};
use md5::{Digest, Md5};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::api::object_body::store;
use crate::api::s3_error::S3Error;
use crate::api::signature::Payload;
use crate::fleet::cloud::objects::{BUCKET, Objects};
use crate::fleet::cloud::shelf::secret;
use crate::stage::intake::LARGEST_FILE_BYTES;

/// Uploads that nobody completed are thrown away after so long.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Uploads that are open at once.
const MOST_UPLOADS: usize = 512;
/// Longest list of parts, bytes: ten thousand of them.
const LONGEST_LIST: usize = 2 * 1024 * 1024;
/// The file in which an upload's key stands.
const KEY_FILE: &str = "key";
/// The file that stands for the parts of a complete upload, with its ETag: who lost the answer asks again.
const DONE_FILE: &str = "done";

/// What a request wants of uploads in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Whole,
    /// A new upload.
    Begin,
    /// One part of it.
    Part {
        /// The upload.
        upload: String,
        /// 1 to 10,000.
        number: u32,
    },
    /// This upload as a whole.
    Upload(String),
}

impl Wanted {
    /// Out of the query.
    ///
    /// # Errors
    /// A number or a name that is none.
    pub fn of(uri: &Uri) -> Result<Self, S3Error> {
        let mut wanted = (false, None, None);
        for pair in uri.query().unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "uploads" => wanted.0 = true,
                "uploadId" => wanted.1 = Some(value.to_owned()),
                "partNumber" => wanted.2 = Some(value.to_owned()),
                _ => {}
            }
        }
        match wanted {
            (true, None, None) => Ok(Self::Begin),
            (false, None, None) => Ok(Self::Whole),
            (false, Some(upload), None) => Ok(Self::Upload(upload)),
            (false, Some(upload), Some(number)) => {
                let number = number.parse().ok().filter(|number| (1..=10_000).contains(number));
                let number = number.ok_or_else(|| invalid("partNumber has to be 1 to 10000"))?;
                Ok(Self::Part { upload, number })
            }
            _ => Err(invalid("partNumber, uploadId and uploads do not go together so")),
        }
    }
}

/// One object whose upload is asked for.
pub struct Target<'o> {
    /// Where objects lie.
    pub objects: &'o Objects,
    /// Its key.
    pub key: &'o str,
}

impl Target<'_> {
    /// `CreateMultipartUpload`.
    ///
    /// # Errors
    /// Too many are open, the disk.
    pub async fn begin(&self) -> Result<Response, S3Error> {
        let folder = self.objects.folder();
        fs::create_dir_all(folder).await?;
        if clear_away(folder).await? >= MOST_UPLOADS {
            let message = "too many uploads are open; complete or abort some";
            return Err(S3Error::new(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", message));
        }
        let upload = secret(16).map_err(|error| {
            tracing::error!(error = %format!("{error:#}"), "an upload got no name");
            S3Error::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "no random numbers",
            )
        })?;
        let folder = upload_folder(folder, &upload);
        fs::create_dir(&folder).await?;
        let mut file = File::create(folder.join(KEY_FILE)).await?;
        file.write_all(self.key.as_bytes()).await?;
        file.sync_all().await?;
        Ok(xml(&format!(
            "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>{BUCKET}</Bucket>\
             <Key>{}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>",
            escaped(self.key)
        )))
    }

    /// `UploadPart`. A part that comes again replaces the one before it.
    ///
    /// # Errors
    /// No such upload, a body that is not what the request says, the disk.
    pub async fn part(
        &self,
        (upload, number): (&str, u32),
        body: Body,
        (payload, headers): (Payload, &HeaderMap),
    ) -> Result<Response, S3Error> {
        let folder = self.folder(upload).await?;
        let place = |etag: &str| folder.join(part_name(number, etag));
        let etag = store(body, &folder, (payload, headers), place).await?;
        for (other, other_etag, path) in parts_in(&folder).await? {
            if other == number && other_etag != etag {
                fs::remove_file(path).await?;
            }
        }
        Ok(([(header::ETAG, format!("\"{etag}\""))], ()).into_response())
    }

    /// `CompleteMultipartUpload`.
    ///
    /// # Errors
    /// No such upload, parts that are not here or not as the sender believes, too many bytes, the disk.
    pub async fn complete(&self, upload: &str, body: Body) -> Result<Response, S3Error> {
        let folder = self.folder(upload).await?;
        if let Ok(etag) = fs::read_to_string(folder.join(DONE_FILE)).await {
            return Ok(self.completed(&etag));
        }
        let list = Limited::new(body, LONGEST_LIST).collect().await;
        let list = list.map_err(|_too_long| malformed("the list of parts is too long or broke off"))?;
        let list = String::from_utf8(list.to_bytes().to_vec());
        let list = list.map_err(|_no_text| malformed("the list of parts is no text"))?;
        let wanted = completed_parts(&list).map_err(|error| malformed(&error.to_string()))?;
        let etag = self.join(&folder, &wanted).await?;
        fs::write(folder.join(DONE_FILE), &etag).await?;
        for (_, _, path) in parts_in(&folder).await? {
            fs::remove_file(path).await?;
        }
        Ok(self.completed(&etag))
    }

    fn completed(&self, etag: &str) -> Response {
        xml(&format!(
            "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>{BUCKET}</Bucket>\
             <Key>{}</Key><ETag>&quot;{etag}&quot;</ETag></CompleteMultipartUploadResult>",
            escaped(self.key)
        ))
    }

    /// `AbortMultipartUpload`.
    ///
    /// # Errors
    /// No such upload, the disk.
    pub async fn abort(&self, upload: &str) -> Result<Response, S3Error> {
        fs::remove_dir_all(self.folder(upload).await?).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// The folder of an upload of this key.
    async fn folder(&self, upload: &str) -> Result<PathBuf, S3Error> {
        let none = || {
            S3Error::new(
                StatusCode::NOT_FOUND,
                "NoSuchUpload",
                "no such upload of this key",
            )
        };
        let is_name = upload.len() == 32 && upload.bytes().all(|byte| byte.is_ascii_hexdigit());
        let folder = is_name.then(|| upload_folder(self.objects.folder(), upload));
        let folder = folder.ok_or_else(none)?;
        match fs::read(folder.join(KEY_FILE)).await {
            Ok(key) if key == self.key.as_bytes() => Ok(folder),
            _ => Err(none()),
        }
    }

    /// Lays the parts behind each other and moves them to the object's place. Answers the ETag: the MD5 of the parts'
    /// MD5s, and their number.
    async fn join(&self, folder: &FilePath, wanted: &[CompletedPart]) -> Result<String, S3Error> {
        let here = parts_in(folder).await?;
        let whole = tempfile::Builder::new()
            .suffix(".part")
            .tempfile_in(self.objects.folder())?
            .into_temp_path();
        let mut file = File::create(&whole).await?;
        let (mut md5, mut written) = (Md5::new(), 0_u64);
        for part in wanted {
            let found = here
                .iter()
                .find(|(number, etag, _)| (*number, etag.as_str()) == (part.number, part.etag.as_str()));
            let Some((_, etag, path)) = found else {
                let message = format!("part {} with ETag {} is not here", part.number, part.etag);
                return Err(S3Error::new(StatusCode::BAD_REQUEST, "InvalidPart", message));
            };
            md5.update(hex::decode(etag).unwrap_or_default());
            written += tokio::io::copy(&mut File::open(path).await?, &mut file).await?;
            if written > LARGEST_FILE_BYTES {
                return Err(S3Error::too_large(LARGEST_FILE_BYTES));
            }
        }
        file.flush().await?;
        file.sync_all().await?;
        let place = self.objects.path(self.key);
        whole
            .persist(&place)
            .map_err(|error| S3Error::from(error.error))?;
        File::open(self.objects.folder()).await?.sync_all().await?;
        Ok(format!("{}-{}", hex::encode(md5.finalize()), wanted.len()))
    }
}

fn upload_folder(folder: &FilePath, upload: &str) -> PathBuf {
    folder.join(format!("{upload}.upload"))
}

fn part_name(number: u32, etag: &str) -> String {
    format!("{number:05}-{etag}")
}

/// Number, ETag and file of every part that is here whole.
async fn parts_in(folder: &FilePath) -> Result<Vec<(u32, String, PathBuf)>, S3Error> {
    let mut parts = Vec::new();
    let mut files = fs::read_dir(folder).await?;
    while let Some(file) = files.next_entry().await? {
        let name = file.file_name().to_string_lossy().into_owned();
        let part = name.split_once('-').filter(|(_, etag)| etag.len() == 32);
        if let Some((number, etag)) = part
            && let Ok(number) = number.parse()
        {
            parts.push((number, etag.to_owned(), file.path()));
        }
    }
    Ok(parts)
}

/// Removes uploads that nobody completed for long. Answers how many are open.
async fn clear_away(folder: &FilePath) -> Result<usize, S3Error> {
    let mut open = 0;
    let mut files = fs::read_dir(folder).await?;
    while let Some(file) = files.next_entry().await? {
        let path = file.path();
        if path.extension().is_none_or(|extension| extension != "upload") {
            continue;
        }
        let changed = file.metadata().await.and_then(|metadata| metadata.modified());
        let is_old = changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > GIVEN_UP_AFTER));
        if !is_old {
            open += usize::from(!fs::try_exists(path.join(DONE_FILE)).await?);
        } else if let Err(error) = fs::remove_dir_all(&path).await {
            tracing::warn!(%error, path = %path.display(), "an upload that was given up could not be removed");
        }
    }
    Ok(open)
}

fn invalid(message: &str) -> S3Error {
    S3Error::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
}

fn malformed(message: &str) -> S3Error {
    S3Error::new(StatusCode::BAD_REQUEST, "MalformedXML", message)
}

fn xml(body: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}\n");
    ([(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(query: &str) -> Result<Wanted, S3Error> {
        Wanted::of(&format!("/b/k?{query}").parse().unwrap())
    }

    #[test]
    fn queries_say_what_is_wanted() {
        assert_eq!(wanted("uploads"), Ok(Wanted::Begin));
        assert_eq!(wanted("uploads=&x-id=CreateMultipartUpload"), Ok(Wanted::Begin));
        assert_eq!(wanted("x-id=PutObject"), Ok(Wanted::Whole));
        assert_eq!(wanted("uploadId=ab"), Ok(Wanted::Upload("ab".to_owned())));
        let part = Wanted::Part {
            upload: "ab".to_owned(),
            number: 3,
        };
        assert_eq!(wanted("uploadId=ab&partNumber=3"), Ok(part));
        for wrong in [
            "partNumber=1",
            "uploadId=a&partNumber=0",
            "uploadId=a&partNumber=x",
            "uploads&uploadId=a",
        ] {
            assert_eq!(wanted(wrong).unwrap_err().code, "InvalidArgument", "{wrong}");
        }
    }

    #[tokio::test]
    async fn an_upload_is_found_by_its_own_key_and_a_name_that_was_given_out() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::new("http://h".to_owned(), folder.path()).unwrap();
        let target = |key: &'static str| Target {
            objects: &objects,
            key,
        };
        target("D01/a.jpg").begin().await.unwrap();
        let mut found = std::fs::read_dir(objects.folder()).unwrap();
        let name = found.next().unwrap().unwrap().file_name().into_string().unwrap();
        let upload = name.strip_suffix(".upload").unwrap();
        assert!(target("D01/a.jpg").folder(upload).await.is_ok());
        for (key, upload) in [
            ("D01/b.jpg", upload),
            ("D01/a.jpg", ".."),
            ("D01/a.jpg", &"0".repeat(32)),
        ] {
            assert_eq!(target(key).folder(upload).await.unwrap_err().code, "NoSuchUpload");
        }
    }

    proptest! {
        #[test]
        fn no_query_breaks_it(query in "[a-zA-Z0-9=&%-]{0,80}") {
            let _ = wanted(&query);
        }
    }
}
