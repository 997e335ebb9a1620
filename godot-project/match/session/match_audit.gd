class_name MatchAudit
extends Object
## Compares what the sides of a match say they sent, received and saw.

## The faults between what each side sent and what each side received, one line each.
##
## Both are id to lane to peer id to number of RPCs. Reliable RPCs must all have arrived, of
## the others no more than were sent.
static func compare_counts(sent_by: Dictionary, received_by: Dictionary) -> PackedStringArray:
	var faults: PackedStringArray = []
	for receiver: int in received_by:
		faults.append_array(find_missing(receiver, sent_by, received_by[receiver]))
		for sender: int in sent_by:
			for lane: StringName in RpcTally.LANES:
				var was_sent: int = RpcTally.count(sent_by[sender], lane, receiver)
				var arrived: int = RpcTally.count(received_by[receiver], lane, sender)
				if arrived > was_sent:
					faults.append("%d received %d RPCs on %s from %d, which sent %d" % [
						receiver, arrived, lane, sender, was_sent])
	return faults


## The reliable RPCs that [param receiver] still waits for, one line for each sender and lane.
static func find_missing(
		receiver: int, sent_by: Dictionary, received: Dictionary) -> PackedStringArray:
	var missing: PackedStringArray = []
	for sender: int in sent_by:
		for lane: StringName in RpcTally.LANES:
			if sender == receiver or not RpcTally.is_reliable(lane):
				continue
			var was_sent: int = RpcTally.count(sent_by[sender], lane, receiver)
			var arrived: int = RpcTally.count(received, lane, sender)
			if arrived < was_sent:
				missing.append("%d received %d of %d RPCs on %s from %d" % [
					receiver, arrived, was_sent, lane, sender])
	return missing


## Where what [param observer] sees of the avatars differs from [param truth], one line each.
##
## Both are id to place, health and score.
static func compare_states(
		observer: int, truth: Dictionary, seen: Dictionary) -> PackedStringArray:
	var faults: PackedStringArray = []
	for id: int in truth:
		if not seen.has(id):
			faults.append("%d does not see the avatar of %d" % [observer, id])
		elif seen[id] != truth[id]:
			faults.append("%d sees the avatar of %d as %s, it is %s" % [
				observer, id, seen[id], truth[id]])
	for id: int in seen:
		if not truth.has(id):
			faults.append("%d still sees the avatar of %d" % [observer, id])
	return faults
