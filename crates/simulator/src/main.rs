//! `simulator`: writes simulated pictures from the command line.

use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand};
use simulator::fleet::{self, FleetArguments, stop_on_signals};
use simulator::{DemoOptions, FOCAL_PER_WIDTH, TrainingOptions, render_demo, render_training};
use tokio_util::sync::CancellationToken;

/// Simulated aerial pictures of a seeded city.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Random views over one scene, for training a detector.
    Render(RenderArguments),
    /// A sortie of photos with EXIF and XMP, and its truth in a folder of its own.
    Demo(DemoArguments),
    /// Docks, vehicles and cameras that speak MQTT, MAVLink and HTTP, until Ctrl-C.
    Fleet(FleetArguments),
}

#[derive(Args)]
struct DemoArguments {
    /// Scene seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of photos.
    #[arg(long, default_value_t = 24)]
    photos: u32,
    /// Folder to write into.
    #[arg(long)]
    out: PathBuf,
    /// Flying height above the street, metres.
    #[arg(long, default_value_t = 120.0)]
    altitude_m: f64,
    /// Picture width, pixels.
    #[arg(long, default_value_t = 1664)]
    width: u32,
    /// Picture height, pixels.
    #[arg(long, default_value_t = 1152)]
    height: u32,
    /// Overlap of pictures in a strip, 0 to below 1.
    #[arg(long, default_value_t = 0.65)]
    forward_overlap: f64,
    /// Overlap of neighbouring strips, 0 to below 1.
    #[arg(long, default_value_t = 0.40)]
    side_overlap: f64,
    /// Strips flown back and forth; left out, one to three by the number of photos.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    strips: Option<u32>,
    /// One of so many photos is a slanting view after the strips; 0 for none.
    #[arg(long, default_value_t = 8)]
    slanting_one_in: u32,
    /// Day of the flight; from 1 on some sheds and vehicles are missing and light and season differ.
    #[arg(long, default_value_t = 0)]
    day: u32,
}

#[derive(Args)]
struct RenderArguments {
    /// Scene seed; 1000 and above use the training palette.
    #[arg(long, default_value_t = 1000)]
    seed: u64,
    /// Number of pictures.
    #[arg(long, default_value_t = 10)]
    photos: u32,
    /// Folder to write into.
    #[arg(long)]
    out: PathBuf,
    /// Ground sampling distance, cm per pixel: one figure or a range such as 4..20.
    #[arg(long, default_value = "5..16", value_parser = parse_range)]
    gsd_cm: [f64; 2],
    /// Fixed flying height above the street, metres; overrides the sampling distance.
    #[arg(long)]
    altitude_m: Option<f64>,
    /// Picture width, pixels.
    #[arg(long, default_value_t = 1664)]
    width: u32,
    /// Picture height, pixels.
    #[arg(long, default_value_t = 1152)]
    height: u32,
    /// Share of slanting pictures, 0 to 1.
    #[arg(long, default_value_t = 0.15)]
    oblique: f64,
    /// Write YOLO labels and classes.txt.
    #[arg(long)]
    yolo: bool,
    /// Day of the scene; the views are the same on all days.
    #[arg(long, default_value_t = 0)]
    day: u32,
    /// Write masks of roofs.
    #[arg(long)]
    masks: bool,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Render(arguments) => render_pictures(&arguments),
        Command::Demo(arguments) => fly_demo(&arguments),
        Command::Fleet(arguments) => run_fleet(arguments),
    }
}

fn run_fleet(arguments: FleetArguments) -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        stop_on_signals(&stop)?;
        fleet::run(arguments, stop).await
    })
}

fn fly_demo(arguments: &DemoArguments) -> anyhow::Result<()> {
    let options = DemoOptions {
        seed: arguments.seed,
        photos: arguments.photos,
        altitude_m: arguments.altitude_m,
        width_px: arguments.width,
        height_px: arguments.height,
        overlaps: [arguments.forward_overlap, arguments.side_overlap],
        strips: arguments.strips,
        slanting_one_in: arguments.slanting_one_in,
        day: arguments.day,
    };
    let summary = render_demo(&arguments.out, &options, &mut |done, total| {
        eprintln!("photo {done} of {total}")
    })?;
    eprintln!(
        "{} photos of {} planted objects; truth in {}",
        summary.photos.len(),
        summary.planted,
        summary.truth_path.display()
    );
    Ok(())
}

fn render_pictures(arguments: &RenderArguments) -> anyhow::Result<()> {
    ensure!(
        arguments.width >= 64 && arguments.height >= 64,
        "--width and --height must be at least 64 pixels"
    );
    let gsd_cm = match arguments.altitude_m {
        Some(altitude_m) => {
            ensure!(
                altitude_m >= 40.0,
                "--altitude-m must be at least 40, above the tallest roof"
            );
            [altitude_m * 100.0 / (FOCAL_PER_WIDTH * f64::from(arguments.width)); 2]
        }
        None => arguments.gsd_cm,
    };
    let options = TrainingOptions {
        seed: arguments.seed,
        photos: arguments.photos,
        size_px: [arguments.width, arguments.height],
        gsd_cm,
        oblique_share: arguments.oblique,
        day: arguments.day,
        yolo: arguments.yolo,
        masks: arguments.masks,
    };
    let summary = render_training(&arguments.out, &options)?;
    eprintln!(
        "{} pictures, {} labels in {}",
        summary.pictures.len(),
        summary.labels,
        arguments.out.display()
    );
    Ok(())
}

fn parse_range(text: &str) -> Result<[f64; 2], String> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let number = |part: &str| {
        part.trim()
            .parse::<f64>()
            .map_err(|e| format!("'{part}' is not a number: {e}"))
    };
    let range = [number(low)?, number(high)?];
    if range[0] > 0.0 && range[0] <= range[1] && range[1] <= 100.0 {
        return Ok(range);
    }
    Err(format!("'{text}' is not a range of centimetres such as 4..20"))
}
