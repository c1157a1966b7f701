//! Result codes and break reasons of DJI's Cloud API that the simulated dock gives, by the names of the error enums in
//! dji-sdk/DJI-Cloud-API-Demo (`WaylineErrorCodeEnum`, `DebugErrorCodeEnum`) and of the field `break_reason` in
//! dji-sdk/Cloud-API-Doc (dock 2, wayline). A code 321000 + n stands for break reason n.

/// Done.
pub(crate) const OK: i64 = 0;

/// "Failed to distribute task": the service's data cannot be used.
pub(crate) const WRONG_PARAM: i64 = 314_001;
/// The fingerprint is missing.
pub(crate) const MD5_EMPTY: i64 = 314_002;
/// The file is no wayline file.
pub(crate) const WRONG_WAYLINE_FILE: i64 = 314_003;
/// The file could not be fetched.
pub(crate) const DISTRIBUTE_TASK_FAILED: i64 = 314_004;
/// The file is another one than the fingerprint says.
pub(crate) const MD5_CHECK_FAILED: i64 = 314_005;
/// The address of the file could not be had.
pub(crate) const WRONG_KMZ_URL: i64 = 314_013;
/// The aircraft's battery is too low.
pub(crate) const LOW_POWER: i64 = 316_009;
/// No aircraft in the dock.
pub(crate) const AIRCRAFT_NOT_DETECTED: i64 = 316_010;
/// The aircraft cannot return: it is not in the air.
pub(crate) const NOT_TAKEN_OFF: i64 = 316_024;
/// The emergency stop is pressed.
pub(crate) const EMERGENCY_STOP: i64 = 316_026;
/// No task of this id.
pub(crate) const TASK_ID_NOT_EXIST: i64 = 319_003;
/// The task is too old.
pub(crate) const TASK_EXPIRE: i64 = 319_004;
/// The task cannot be undone: it is flown.
pub(crate) const CANCEL_TASK_FAILED: i64 = 319_006;
/// The task cannot be changed: it is flown.
pub(crate) const EDIT_TASK_FAILED: i64 = 319_007;
/// The dock is not ready yet.
pub(crate) const INITIALIZING_DOCK: i64 = 319_015;
/// Another task is flown.
pub(crate) const PERFORMING_OTHER_TASK: i64 = 319_016;
/// The battery is below what the task asks for.
pub(crate) const LOW_POWER_THAN_SET_VALUE: i64 = 319_026;
/// The storage is below what the task asks for.
pub(crate) const INSUFFICIENT_STORAGE: i64 = 319_027;
/// The dock is in remote debugging mode.
pub(crate) const REMOTE_DEBUGGING_MODE: i64 = 319_036;
/// The flight cannot be resumed.
pub(crate) const RESUME_TASK_FAILED: i64 = 319_042;
/// The way home cannot be given up.
pub(crate) const CANCEL_RTH_FAILED: i64 = 319_043;
/// The task is not under way, or paused already.
pub(crate) const NOT_IN_WAYLINE: i64 = 319_046;
/// The task has not begun.
pub(crate) const NOT_STARTED_CANNOT_STOP: i64 = 321_259;
/// The way is higher than the aircraft may fly.
pub(crate) const HEIGHT_LIMIT: i64 = 321_513;
/// The way is too far from the dock.
pub(crate) const DISTANCE_LIMIT: i64 = 321_514;
/// The break point does not fit the wayline.
pub(crate) const WRONG_BREAKPOINT: i64 = 322_539;
/// The upload queue has no such task.
pub(crate) const SET_MEDIA_PRIORITY_FAILED: i64 = 324_030;

/// The command is unknown.
pub(crate) const COMMAND_NOT_SUPPORTED: i64 = 514_100;
/// Charging did not begin.
pub(crate) const CHARGE_FAILED: i64 = 514_104;
/// The cover did not open.
pub(crate) const OPEN_COVER_FAILED: i64 = 514_107;
/// The cover did not close.
pub(crate) const CLOSE_COVER_FAILED: i64 = 514_108;
/// The aircraft did not come on.
pub(crate) const POWER_ON_FAILED: i64 = 514_109;
/// Another command is carried out.
pub(crate) const DOCK_BUSY: i64 = 514_116;
/// The emergency stop is pressed.
pub(crate) const EMERGENCY_BUTTON: i64 = 514_121;
/// The battery is nearly full.
pub(crate) const BATTERY_FULL: i64 = 514_125;
/// It rains too hard.
pub(crate) const HEAVY_RAINFALL: i64 = 514_134;
/// The wind is 12 m/s or more.
pub(crate) const HIGH_WIND: i64 = 514_135;
/// A task is flown: no debugging now.
pub(crate) const WORKING: i64 = 514_148;
/// Debugging is not on.
pub(crate) const NOT_REMOTE_DEBUGGING_MODE: i64 = 514_153;
/// The command's data cannot be used.
pub(crate) const WRONG_PARAMETER: i64 = 514_171;

/// Break reason: an obstacle.
pub(crate) const BREAK_OBSTACLE: i64 = 517;
/// Break reason: the battery sends the aircraft home.
pub(crate) const BREAK_LOW_BATTERY: i64 = 773;
/// Break reason: the wind sends the aircraft home.
pub(crate) const BREAK_WIND: i64 = 784;
/// Break reason: ended by the cloud.
pub(crate) const BREAK_USER_EXIT: i64 = 1281;
/// Break reason: sent home by the cloud.
pub(crate) const BREAK_USER_RETURN: i64 = 1283;

/// The result code of a task that ended for this break reason.
pub(crate) fn of_break(reason: i64) -> i64 {
    321_000 + reason
}
