extends RefCounted
## What this process takes of the machine; 0 where the system does not tell, as only Linux does.


## Memory that is in RAM, in KiB.
static func resident_kib() -> int:
	var file: FileAccess = FileAccess.open("/proc/self/status", FileAccess.READ)
	while file != null and not file.eof_reached():
		var line: String = file.get_line()
		if line.begins_with("VmRSS:"):
			return line.to_int()
	return 0


## Processor time of all threads so far, in nanoseconds.
static func cpu_nsec() -> int:
	var sum: int = 0
	for thread: String in DirAccess.get_directories_at("/proc/self/task"):
		var file: FileAccess = FileAccess.open("/proc/self/task/%s/schedstat" % thread, FileAccess.READ)
		if file != null:
			sum += file.get_line().get_slice(" ", 0).to_int()
	return sum


static func threads() -> int:
	return DirAccess.get_directories_at("/proc/self/task").size()


## Open files, sockets and the like, the one to count them included.
static func descriptors() -> int:
	const FOLDER: String = "/proc/self/fd"
	return DirAccess.get_files_at(FOLDER).size() + DirAccess.get_directories_at(FOLDER).size()
