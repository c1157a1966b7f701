//! SYS_STATUS and BATTERY_STATUS: health bits and the battery as the vehicle reports them.

use mavlink::dialects::ardupilotmega::{
    BATTERY_STATUS_DATA, MavBatteryChargeState, MavBatteryFault, MavBatteryFunction, MavBatteryType,
    MavSysStatusSensor, SYS_STATUS_DATA,
};

use super::autopilot::Autopilot;

impl Autopilot {
    pub(super) fn sys_status(&self) -> SYS_STATUS_DATA {
        let present = MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_3D_GYRO
            | MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_3D_ACCEL
            | MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_3D_MAG
            | MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_ABSOLUTE_PRESSURE
            | MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_GPS
            | MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_BATTERY
            | MavSysStatusSensor::MAV_SYS_STATUS_AHRS
            | MavSysStatusSensor::MAV_SYS_STATUS_PREARM_CHECK;
        let (mut present, mut enabled) = (present, present);
        let mut health = present;
        if let Some(bits) = self.fence_bits() {
            for (set, bit) in [&mut present, &mut enabled, &mut health].into_iter().zip(bits) {
                set.set(MavSysStatusSensor::MAV_SYS_STATUS_GEOFENCE, bit);
            }
        }
        health.set(MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_GPS, self.has_fix());
        health.set(
            MavSysStatusSensor::MAV_SYS_STATUS_PREARM_CHECK,
            self.prearm_is_healthy(),
        );
        health.set(
            MavSysStatusSensor::MAV_SYS_STATUS_SENSOR_3D_MAG,
            !self.options.faults.refuse_arming,
        );
        SYS_STATUS_DATA {
            onboard_control_sensors_present: present,
            onboard_control_sensors_enabled: enabled,
            onboard_control_sensors_health: health,
            load: 230,
            voltage_battery: self.millivolts(),
            current_battery: self.centiamperes(),
            battery_remaining: self.battery.percent().round() as i8,
            ..SYS_STATUS_DATA::default()
        }
    }

    pub(super) fn battery_status(&self) -> BATTERY_STATUS_DATA {
        let mut voltages = [u16::MAX; 10];
        voltages[0] = self.millivolts();
        let charge_state = if self.battery.amperes() < 0.0 {
            MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_CHARGING
        } else if self.failsafe.battery_critical {
            MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_CRITICAL
        } else if self.failsafe.battery_low {
            MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_LOW
        } else {
            MavBatteryChargeState::MAV_BATTERY_CHARGE_STATE_OK
        };
        BATTERY_STATUS_DATA {
            current_consumed: self.battery.used_mah() as i32,
            energy_consumed: -1,
            temperature: i16::MAX,
            voltages,
            current_battery: self.centiamperes(),
            battery_function: MavBatteryFunction::MAV_BATTERY_FUNCTION_ALL,
            mavtype: MavBatteryType::MAV_BATTERY_TYPE_LIPO,
            battery_remaining: self.battery.percent().round() as i8,
            time_remaining: self.battery.seconds_left().unwrap_or(0.0) as i32,
            charge_state,
            // The generated default of a set of flags is its first flag, not none.
            fault_bitmask: MavBatteryFault::empty(),
            ..BATTERY_STATUS_DATA::default()
        }
    }

    fn millivolts(&self) -> u16 {
        (self.battery.volts() * 1000.0) as u16
    }

    fn centiamperes(&self) -> i16 {
        (self.battery.amperes() * 100.0) as i16
    }
}
