//! Wayline files as a dock reads them.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

/// A file after the sample of DJI's documentation: two waypoints, a gimbal turn and a photo at the second.
pub(crate) fn sample() -> String {
    let place = |index: u32, longitude: f64, actions: &str| {
        format!(
            "<Placemark><Point><coordinates>\n {longitude},31.2\n </coordinates></Point>\
             <wpml:index>{index}</wpml:index><wpml:executeHeight>100</wpml:executeHeight>\
             <wpml:waypointSpeed>7</wpml:waypointSpeed>\
             <wpml:waypointHeadingParam><wpml:waypointHeadingMode>followWayline</wpml:waypointHeadingMode>\
             </wpml:waypointHeadingParam><wpml:waypointTurnParam>\
             <wpml:waypointTurnMode>toPointAndStopWithDiscontinuityCurvature</wpml:waypointTurnMode>\
             <wpml:waypointTurnDampingDist>0</wpml:waypointTurnDampingDist></wpml:waypointTurnParam>\
             {actions}</Placemark>"
        )
    };
    let group = "<wpml:actionGroup><wpml:actionGroupId>0</wpml:actionGroupId>\
        <wpml:actionGroupStartIndex>1</wpml:actionGroupStartIndex>\
        <wpml:actionGroupEndIndex>1</wpml:actionGroupEndIndex>\
        <wpml:actionGroupMode>sequence</wpml:actionGroupMode>\
        <wpml:actionTrigger><wpml:actionTriggerType>reachPoint</wpml:actionTriggerType></wpml:actionTrigger>\
        <wpml:action><wpml:actionId>0</wpml:actionId>\
        <wpml:actionActuatorFunc>gimbalRotate</wpml:actionActuatorFunc><wpml:actionActuatorFuncParam>\
        <wpml:gimbalRotateMode>absoluteAngle</wpml:gimbalRotateMode>\
        <wpml:gimbalPitchRotateEnable>1</wpml:gimbalPitchRotateEnable>\
        <wpml:gimbalPitchRotateAngle>-90</wpml:gimbalPitchRotateAngle>\
        <wpml:gimbalYawRotateEnable>0</wpml:gimbalYawRotateEnable></wpml:actionActuatorFuncParam></wpml:action>\
        <wpml:action><wpml:actionId>1</wpml:actionId>\
        <wpml:actionActuatorFunc>takePhoto</wpml:actionActuatorFunc></wpml:action></wpml:actionGroup>";
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\" \
         xmlns:wpml=\"http://www.dji.com/wpmz/1.0.2\"><Document><wpml:missionConfig>\
         <wpml:flyToWaylineMode>safely</wpml:flyToWaylineMode><wpml:finishAction>goHome</wpml:finishAction>\
         <wpml:exitOnRCLost>goContinue</wpml:exitOnRCLost>\
         <wpml:takeOffSecurityHeight>20</wpml:takeOffSecurityHeight>\
         <wpml:globalTransitionalSpeed>10</wpml:globalTransitionalSpeed></wpml:missionConfig>\
         <Folder><wpml:templateId>0</wpml:templateId>\
         <wpml:executeHeightMode>relativeToStartPoint</wpml:executeHeightMode>\
         <wpml:waylineId>0</wpml:waylineId><wpml:autoFlightSpeed>10</wpml:autoFlightSpeed>{}{}</Folder>\
         </Document></kml>",
        place(0, 121.6, ""),
        place(1, 121.601, group),
    )
}

fn kmz(member: &str, text: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive
        .start_file(member, zip::write::SimpleFileOptions::default())
        .unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

#[test]
fn the_sample_is_read() {
    let mission = read_kmz(&kmz("wpmz/waylines.wpml", &sample())).unwrap();
    assert_eq!((mission.takeoff_height_m, mission.transit_speed_ms), (20.0, 10.0));
    let line = &mission.waylines[0];
    assert_eq!((line.id, line.heights), (0, HeightMode::TakeOff));
    assert_eq!(line.waypoints.len(), 2);
    assert_eq!(
        (line.waypoints[1].longitude_deg, line.waypoints[1].speed_ms),
        (121.601, 7.0)
    );
    let group = &line.groups[0];
    assert_eq!((group.from, group.to, group.trigger), (1, 1, Trigger::ReachPoint));
    assert_eq!(group.acts[1], Act::Photo);
}

#[test]
fn what_is_wrong_is_refused_with_its_code() {
    let cases = [
        ("relativeToStartPoint", "realTimeFollowSurface", 322_541),
        ("<wpml:autoFlightSpeed>10", "<wpml:autoFlightSpeed>99", 322_547),
        ("<wpml:index>1", "<wpml:index>5", 322_548),
        ("121.601,31.2", "181.0,31.2", 322_549),
        ("121.601,31.2", "east,31.2", 322_549),
        (
            "<wpml:actionGroupEndIndex>1",
            "<wpml:actionGroupEndIndex>2",
            322_603,
        ),
        ("takePhoto", "paintWalls", 322_588),
        ("<wpml:actionId>1", "<wpml:actionId>0", 322_595),
        ("<wpml:actionId>1", "<wpml:actionId>65535", 322_598),
        ("reachPoint", "fullMoon", 322_649),
        ("followWayline", "sideways", 322_543),
        (
            "<wpml:takeOffSecurityHeight>20",
            "<wpml:takeOffSecurityHeight>1",
            321_513,
        ),
        ("<wpml:finishAction>goHome</wpml:finishAction>", "", 314_003),
        ("</kml>", "", 314_003),
        ("<kml ", "<gpx ", 314_003),
    ];
    for (from, to, code) in cases {
        let text = sample().replace(from, to);
        assert_ne!(text, sample(), "{from}");
        assert_eq!(read_wpml(&text).unwrap_err().0, code, "{from} -> {to}");
    }
    assert_eq!(read_kmz(b"PK no zip").unwrap_err().0, 314_003);
    assert_eq!(read_kmz(&kmz("waylines.wpml", &sample())).unwrap_err().0, 314_003);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_kmz(&bytes);
        let _ = read_wpml(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_file_with_a_piece_changed_is_read_or_refused(at in 0usize..4000, piece in "[<>/&;a-z0-9.\"-]{0,12}") {
        let mut text = sample();
        let at = at % text.len();
        let end = (at + piece.len()).min(text.len());
        text.replace_range(at..end, &piece);
        let _ = read_wpml(&text);
        let mut packed = kmz("wpmz/waylines.wpml", &sample());
        let at = at % packed.len();
        packed[at] ^= 0x5a;
        let _ = read_kmz(&packed);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused(at in 0usize..4000) {
        let text = sample();
        prop_assert!(read_wpml(&text[..at % text.len()]).is_err());
    }
}
