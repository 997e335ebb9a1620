//! What the numbers were measured on.

use std::fs;
use std::process::Command;

/// The machine, without its name, and the date.
pub(crate) struct Machine {
    /// Year, month and day.
    pub(crate) date: String,
    /// Processor, cores, kernel, memory.
    pub(crate) description: String,
}

impl Machine {
    /// Of this machine; what the system does not tell reads "unknown".
    pub(crate) fn read() -> Self {
        let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown CPU".to_owned());
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease");
        let kernel = kernel.map_or_else(|_| "unknown".to_owned(), |text| version(&text));
        Self {
            date: date(),
            description: format!("{cpu}, {cores} cores, Linux {kernel}, loopback interface"),
        }
    }
}

/// The numbers of a kernel's release, without what a builder added to them.
fn version(release: &str) -> String {
    let release = release.trim();
    release.split('-').next().unwrap_or(release).to_owned()
}

/// The first value of `name` in a file of lines `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

fn date() -> String {
    let output = Command::new("date").arg("+%Y-%m-%d").output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_kernel_is_named_by_its_numbers_alone() {
        assert_eq!(super::version("6.12.9-amd64-custom\n"), "6.12.9");
        assert_eq!(super::version("6.1"), "6.1");
    }
}
