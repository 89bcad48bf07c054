"""True answers as templates, in the manner of language models; `{a}` is a host, `{a:cpu.max}` a value of it.

DEVELOPED were in view while the checker was written. HELD_OUT and FROM_ANOTHER_ANGLE were written before any of them was
run; what went wrong in the second was then looked at, and FRESH was written before the checker was changed by it. What
went wrong in FRESH was looked at after its figures had been taken.
"""

# ruff: noqa: E501  (each line is a line of an answer)

from __future__ import annotations

DEVELOPED = (
    "CPU on {a} peaked at {a:cpu.max} at {a:cpu.max@}, while {b} stayed at {b:cpu.max}.",
    "**{a}** is the one to look at: its CPU is at {a:cpu.last} now and averaged {a:cpu.mean} over the last {a:=window}.",
    "- {a}: CPU {a:cpu.max} max, {a:cpu.mean} mean\n- {b}: CPU {b:cpu.max} max, {b:cpu.mean} mean",
    "| Host | CPU max (%) | Memory max (%) |\n|---|---|---|\n| {a} | {a:cpu.max#} | {a:memory.max#} |\n"
    "| {b} | {b:cpu.max#} | {b:memory.max#} |",
    "| Host | p95 latency | Requests |\n|:--|--:|--:|\n| `{a}` | {a:response_time.p95} | {a:requests.mean} |\n"
    "| `{b}` | {b:response_time.p95} | {b:requests.mean} |",
    "{a} and {b} peaked at {a:cpu.max} and {b:cpu.max} CPU respectively.",
    "Memory on {a} ranged from {a:memory.min} to {a:memory.max} between {a:@start} and {a:@end}.",
    "{a}'s response time rose from {a:response_time.before1} to {a:response_time.after1} at {a:response_time.after1@} [E2].",
    "{a} has been alerting since {a:+since}, that is for {a:+for}.",
    "All {a:n.hosts} hosts report. The highest error rate is on {a}: {a:error_share.max}.",
    "Yes. `{a}` serves {a:requests.last}; an hour ago nothing was unusual.",
    "The disk of {a} is {a:disk_used.last} full; that of {b} is {b:disk_used.last} full.",
    "### {a}\n- CPU: {a:cpu.last}\n- Memory: {a:memory.last}\n- Disk: {a:disk_used.last}\n\n### {b}\n- CPU: {b:cpu.last}\n"
    "- Memory: {b:memory.last}",
    "{a} receives {a:network_received.mean} on average, with a peak of {a:network_received.max} at "
    "{a:network_received.max@}.",
    "Heap on {a} grew to {a:heap_bytes.max}. It is {a:heap_bytes.last} now.",
    "The queue depth of {a} reached {a:queue_depth.max} (minimum {a:queue_depth.min}).",
    "CPU usage on {a} ({a:cpu.max}) is well above {b} ({b:cpu.max}).",
    "At {a:cpu.max}, {a} has the highest CPU usage in this window.",
    "{a}'s CPU peak is {a:+ratio} its mean.",
    "Traffic on {a} peaked {a:+change} above its average of {a:requests.mean}.",
    "Compared with {b} ({b:memory.mean} of memory on average), {a} uses {a:memory.mean}.",
    "Between {a:@start} and {a:@end} (step {a:=step}), mean latency was {a:response_time.mean} on {a} and "
    "{b:response_time.mean} on {b}.",
    "Load per core: {a} {a:load_per_core.last}, {b} {b:load_per_core.last}.",
    "1. **{a}**: error rate {a:error_share.last}, latency {a:response_time.last}\n"
    "2. **{b}**: error rate {b:error_share.last}, latency {b:response_time.last}",
    "Nothing stands out. CPU on {a} is {a:cpu.last}, which is close to its mean of {a:cpu.mean}.",
    "{a} — CPU {a:cpu.last}, memory {a:memory.last}, disk {a:disk_used.last}.",
    "The p95 of the response time on {a} was {a:response_time.p95}, its maximum {a:response_time.max}.",
    "While {b} handled {b:requests.mean}, {a} handled only {a:requests.mean}.",
    "**CPU**\n- {a}: {a:cpu.max} at {a:cpu.max@}\n- {b}: {b:cpu.max} at {b:cpu.max@}",
    "{a} was hit first: errors went up to {a:error_share.max} at {a:error_share.max@}. {b} followed with {b:error_share.max}.",
    "Memory usage averaged {a:memory.mean} on {a} vs {b:memory.mean} on {b}.",
    "On {a}, CPU averaged {a:cpu.mean} and peaked at {a:cpu.max}; on {b}, it averaged {b:cpu.mean} and peaked at {b:cpu.max}.",
    "I looked at the last {a:=window}. {a} is fine: {a:cpu.last} CPU, {a:memory.last} memory.",
    "Requests to {a} dropped to a minimum of {a:requests.min} at {a:requests.min@}.",
    "The busiest host is {a} with {a:cpu.max} CPU, followed by {b} with {b:cpu.max} and {c} with {c:cpu.max}.",
    "CPU and memory on {a} are at {a:cpu.last} and {a:memory.last}.",
    "| Metric | {a} | {b} |\n|---|---|---|\n| CPU last | {a:cpu.last} | {b:cpu.last} |\n"
    "| Memory last | {a:memory.last} | {b:memory.last} |",
    "{a} has been at {a:cpu.last} CPU since {a:cpu.after1@}, when it changed level from {a:cpu.before1} to {a:cpu.after1}.",
    "Of the {a:n.hosts} hosts, {a} has the fullest disk ({a:disk_used.max}).",
    "Short answer: {a}. Its latency is {a:response_time.last} (usual mean: {a:response_time.mean}) and its error share "
    "{a:error_share.last}.",
    "Heap: `{a}` {a:heap_bytes.last}, `{b}` {b:heap_bytes.last}, `{c}` {c:heap_bytes.last}.",
    "The alert on {a} has been firing for {a:+for} (since {a:+since}).",
    "Network in on {a}: {a:network_received.last} (mean {a:network_received.mean}, max {a:network_received.max}).",
)

HELD_OUT = (
    "{a} is slow because its CPU is saturated: {a:cpu.max} at the peak ({a:cpu.max@}), {a:cpu.last} at the moment.",
    "No, {a} is not out of memory. Memory usage currently sits at {a:memory.last}, with a maximum of {a:memory.max} in the "
    "past {a:=window}.",
    "Here is what I found for **{a}**:\n\n* **CPU usage:** {a:cpu.last} (avg {a:cpu.mean})\n* **Memory usage:** "
    "{a:memory.last} (avg {a:memory.mean})\n* **Requests:** {a:requests.last}",
    "## Summary\n{a} shows elevated latency. Its p95 is {a:response_time.p95} and the maximum was {a:response_time.max}.\n\n"
    "## Details\nOn {b} the p95 is {b:response_time.p95}.",
    "| Instance | Mean CPU | Max CPU | Last CPU |\n|---|---|---|---|\n| {a} | {a:cpu.mean} | {a:cpu.max} | {a:cpu.last} |\n"
    "| {b} | {b:cpu.mean} | {b:cpu.max} | {b:cpu.last} |\n| {c} | {c:cpu.mean} | {c:cpu.max} | {c:cpu.last} |",
    "| Server | Error rate (%) | Latency (s) |\n|---|---|---|\n| {a} | {a:error_share.max#} | {a:response_time.max#} |\n"
    "| {b} | {b:error_share.max#} | {b:response_time.max#} |",
    "The load on {a} is {a:load_per_core.last} per core, compared to {b:load_per_core.last} per core on {b}.",
    "It began at {a:response_time.after1@}: the response time of {a} stepped up from {a:response_time.before1} to "
    "{a:response_time.after1}.",
    "{a} received {a:network_received.mean} on average and up to {a:network_received.max}.",
    "Disk usage: {a} {a:disk_used.last}, {b} {b:disk_used.last}, {c} {c:disk_used.last}. None of them changed much.",
    "In the window {a:@start}–{a:@end}, {a} had an average error rate of {a:error_share.mean}, while {b} had "
    "{b:error_share.mean}.",
    "{b} looks healthy ({b:cpu.last} CPU, {b:memory.last} memory). {a}, on the other hand, is at {a:cpu.last} CPU and "
    "{a:memory.last} memory.",
    "The CPU of {a} has gone from {a:cpu.before1} to {a:cpu.after1}. This happened at {a:cpu.after1@}.",
    "With {a:requests.max} at its peak, {a} takes the most traffic; {b} peaks at {b:requests.max}.",
    "**Findings**\n1. {a} CPU max {a:cpu.max} [E1]\n2. {b} CPU max {b:cpu.max} [E1]\n3. {c} CPU max {c:cpu.max} [E1]",
    "{a} → CPU {a:cpu.last} | memory {a:memory.last} | disk {a:disk_used.last}",
    "Average memory was {a:memory.mean} on {a}, {b:memory.mean} on {b} and {c:memory.mean} on {c}.",
    "The most likely suspect is {a}. Its queue depth climbed to {a:queue_depth.max} at {a:queue_depth.max@}, and requests "
    "fell to {a:requests.min}.",
    "An alert has been active on {a} for {a:+for}; it started at {a:+since}.",
    "CPU on {a} was between {a:cpu.min} and {a:cpu.max}, averaging {a:cpu.mean}.",
    "{a:n.hosts} hosts were examined. Only {a} is unusual, with a latency of {a:response_time.max}.",
    "Latency (p95): {a:response_time.p95} on {a}; {b:response_time.p95} on {b}.",
    "The peak on {a} is {a:+ratio} the average CPU ({a:cpu.max} against {a:cpu.mean}).",
    "At {a:error_share.max@}, the error share of {a} hit {a:error_share.max}, the highest of all hosts.",
    "What changed? Memory on {a} moved from {a:memory.before1} to {a:memory.after1} around {a:memory.after1@}; nothing "
    "comparable on {b}, which has been at {b:memory.mean} on average.",
    "{a}'s heap stands at {a:heap_bytes.last}, down from a maximum of {a:heap_bytes.max}.",
    "Both are busy: {a} at {a:cpu.last} CPU, {b} at {b:cpu.last}.",
    "{a} vs {b}: {a:cpu.mean} vs {b:cpu.mean} CPU on average.",
    "Checked {a} over {a:=window} at a step of {a:=step}: minimum {a:memory.min}, mean {a:memory.mean}, maximum "
    "{a:memory.max} of memory.",
    "Looking at **memory**:\n- **{a}** – now {a:memory.last}, peak {a:memory.max}\n- **{b}** – now {b:memory.last}, peak "
    "{b:memory.max}",
    "The request rate on {a} is {a:requests.last}. Latency is {a:response_time.last}. Errors are at {a:error_share.last}.",
    "There is no sign of trouble: {a} runs at {a:cpu.last} CPU, {b} at {b:cpu.last}, {c} at {c:cpu.last}.",
    "From {a:@start} to {a:@end} the disk on {a} filled from {a:disk_used.min} to {a:disk_used.max}.",
    "Peak CPU ({a:cpu.max}) occurred on {a} at {a:cpu.max@}.",
    "{a} handles {a:requests.mean} on average, more than {b} ({b:requests.mean}) and {c} ({c:requests.mean}).",
    "Queue depth\n\n{a}: {a:queue_depth.last} (max {a:queue_depth.max})\n{b}: {b:queue_depth.last} (max "
    "{b:queue_depth.max})",
    "Response times are up on {a}: {a:response_time.last} now versus an average of {a:response_time.mean}.",
    "Although {b}'s CPU averaged only {b:cpu.mean}, that of {a} averaged {a:cpu.mean} and reached {a:cpu.max}.",
    "Error rates: {a:error_share.last} ({a}), {b:error_share.last} ({b}), {c:error_share.last} ({c}).",
    "Request traffic to {a} peaked {a:+change} above the mean.",
    "Nothing is firing on {b}. {a} has one alert, which fires since {a:+since}.",
    "The {a:=window} window shows {a} with {a:network_received.last} inbound.",
)

FROM_ANOTHER_ANGLE = (
    # Terse, as answers to somebody who is paged.
    "{a}. CPU {a:cpu.max}, load {a:load_per_core.max}, p95 {a:response_time.p95}.",
    "cpu {a} {a:cpu.last} / {b} {b:cpu.last}",
    "Yes: {a:error_share.last} errors on {a}.",
    "{a:@end}: {a} at {a:memory.last} memory, {b} at {b:memory.last}.",
    "{a} cpu now: {a:cpu.last} (min {a:cpu.min} / mean {a:cpu.mean} / max {a:cpu.max})",
    # Long sentences, with clauses between a host and its number.
    "The machine that I would look at first is {a}, whose processor, after having been quiet for most of the window, reached "
    "{a:cpu.max} at {a:cpu.max@} and has not calmed down since ({a:cpu.last} as of {a:@end}).",
    "Since {a:cpu.after1@}, when the CPU level on {a} shifted from {a:cpu.before1} to {a:cpu.after1}, the response time there "
    "has averaged {a:response_time.mean}, whereas {b}, which gets its traffic from the same load balancer, has averaged "
    "{b:response_time.mean}.",
    "Neither the disk of {a}, which is {a:disk_used.last} full, nor that of {b}, which is {b:disk_used.last} full, explains "
    "it.",
    "If {a} keeps taking {a:requests.last} while {b} takes {b:requests.last}, the balancer is not doing its job.",
    "Given that {a}'s error share is {a:error_share.mean} on average and its latency {a:response_time.mean}, I would not "
    "roll back yet.",
    # The host stands behind, or in a sentence of its own.
    "The highest memory usage, {a:memory.max}, was seen on {a}; the lowest, {b:memory.min}, on {b}.",
    "Look at {a}. CPU is at {a:cpu.last}. Memory is at {a:memory.last}. The disk is at {a:disk_used.last}.",
    "I checked {a} first. It shows a mean latency of {a:response_time.mean}. Then I checked {b}. It shows a mean latency of "
    "{b:response_time.mean}.",
    "A p95 latency of {a:response_time.p95} on {a} is what users feel.",
    "{a:requests.max} is the most that {a} has served; it served {a:requests.mean} on average.",
    "For {a} the maximum CPU was {a:cpu.max}, for {b} {b:cpu.max}, and for {c} {c:cpu.max}.",
    # Nested lists and sections.
    "- CPU\n  - {a}: {a:cpu.mean} mean, {a:cpu.max} max\n  - {b}: {b:cpu.mean} mean, {b:cpu.max} max\n- Memory\n  - {a}: "
    "{a:memory.mean} mean, {a:memory.max} max",
    "- **{a}**\n  - CPU usage is {a:cpu.last}\n  - Memory usage is {a:memory.last}\n- **{b}**\n  - CPU usage is {b:cpu.last}\n"
    "  - Memory usage is {b:memory.last}",
    "**{a}**\n\nCPU has a mean of {a:cpu.mean} and a maximum of {a:cpu.max}.\n\n**{b}**\n\nCPU has a mean of {b:cpu.mean} and "
    "a maximum of {b:cpu.max}.",
    "#### 1. {a}\nLatency rose to {a:response_time.max} at {a:response_time.max@}.\n\n#### 2. {b}\nLatency rose to "
    "{b:response_time.max} at {b:response_time.max@}.",
    "Evidence:\n- [E1] {a}: error share {a:error_share.max}, at {a:error_share.max@}\n- [E2] {a}: request rate "
    "{a:requests.mean} on average",
    "Two things stand out:\n1. Memory on {a} is at {a:memory.last}.\n2. Its disk is {a:disk_used.last} full.",
    # Tables of other shapes.
    "| | CPU | Memory | Disk |\n|---|---|---|---|\n| **{a}** | {a:cpu.last} | {a:memory.last} | {a:disk_used.last} |\n"
    "| **{b}** | {b:cpu.last} | {b:memory.last} | {b:disk_used.last} |",
    "| Metric | Host | Mean | Max | Max at |\n|---|---|---|---|---|\n| CPU | {a} | {a:cpu.mean} | {a:cpu.max} | {a:cpu.max@} |\n"
    "| Memory | {b} | {b:memory.mean} | {b:memory.max} | {b:memory.max@} |",
    "Statistics for {a}:\n\n| Statistic | CPU (%) | Memory (%) |\n|---|---|---|\n| mean | {a:cpu.mean#} | {a:memory.mean#} |\n"
    "| max | {a:cpu.max#} | {a:memory.max#} |",
    "Latency by host (ms or s as marked)\n\n| Host | Mean | p95 |\n|---|---|---|\n| {a} | {a:response_time.mean} | "
    "{a:response_time.p95} |\n| {b} | {b:response_time.mean} | {b:response_time.p95} |",
    # Comparisons and ranges in other words.
    "CPU on {a} moved within {a:cpu.min}–{a:cpu.max}, on {b} within {b:cpu.min}–{b:cpu.max}.",
    "{a} needs {a:heap_bytes.max} of heap at most, {b} {b:heap_bytes.max}.",
    "{a} uses more memory than {b}: {a:memory.last} versus {b:memory.last}.",
    "Unlike {b}, where latency is {b:response_time.last}, {a} answers in {a:response_time.last}.",
    "The error rate on {a} ({a:error_share.mean}) exceeds that on {b} ({b:error_share.mean}) and {c} ({c:error_share.mean}).",
    "Per-core load went as high as {a:load_per_core.max} on {a}, while {b} never exceeded {b:load_per_core.max}.",
    "CPU/memory on {a}: {a:cpu.last}/{a:memory.last}; on {b}: {b:cpu.last}/{b:memory.last}.",
    # Asides, hedges, advice with numbers around them.
    "It is hard to say, but {a} (mean CPU {a:cpu.mean}, max {a:cpu.max}) seems the best guess; run `sco query cpu --since 2h` to see "
    "for yourself.",
    "> Note: {a} has been firing for {a:+for}.\n\nIts CPU is at {a:cpu.last}.",
    "Next step: `sco explain {a}`. Until then: CPU there is {a:cpu.last}, queue depth {a:queue_depth.last}.",
    "HTTP 500s on {a} make up {a:error_share.last} of all requests, at {a:requests.last}.",
    "Root cause (likely): heap on {a} at {a:heap_bytes.last}, which is the maximum that node-1.2.3 of the runtime allows.",
    "Impact: {a} served {a:requests.mean} on average, with {a:error_share.mean} errors.\nOnset: {a:error_share.after1@}.\n"
    "Scope: {a:n.hosts} hosts looked at.",
    "In short, {a:cpu.max} CPU on {a} (peak, {a:cpu.max@}); {b:cpu.max} on {b} (peak, {b:cpu.max@}).",
    "Inbound traffic on {a} averages {a:network_received.mean}. The maximum, {a:network_received.max}, was reached at "
    "{a:network_received.max@}.",
    "TL;DR: not the disk ({a:disk_used.last} used on {a}), not memory ({a:memory.last}), but CPU ({a:cpu.last}).",
    "The picture is the same on {a} and {b}: {a:memory.mean} and {b:memory.mean} of memory on average, {a:cpu.mean} and "
    "{b:cpu.mean} of CPU.",
)

# Written after the first run of the two sets above, before the checker was changed by what went wrong in the second.
FRESH = (
    "### Key findings\n\n* **{a}** is under CPU pressure: usage peaked at **{a:cpu.max}** ({a:cpu.max@}).\n* **{b}** is calm "
    "with a CPU mean of **{b:cpu.mean}**.",
    "Yes, {a} is slower than usual. Median users see {a:response_time.mean} on average; the slowest requests took "
    "{a:response_time.max}.",
    "**Answer:** {a} is the culprit.\n\n**Why:** its CPU reached {a:cpu.max}, and its error rate {a:error_share.max}.\n\n"
    "**What to do:** run `sco explain {a}` and look at the last {a:=window}.",
    "{a} had {a:requests.max} at most and {a:requests.min} at least in the window that ended at {a:@end}.",
    "I compared {a} and {b}. The former averages {a:memory.mean} of memory.",
    "Memory: {a} {a:memory.last} · {b} {b:memory.last} · {c} {c:memory.last}",
    "Disk space is not the problem; {a} is at {a:disk_used.last}, {b} at {b:disk_used.last}.",
    "So far: CPU on {a} at {a:cpu.last} (p95 {a:cpu.p95}), CPU on {b} at {b:cpu.last} (p95 {b:cpu.p95}).",
    "The response time of {a}, {a:response_time.last}, is driven by its queue, now {a:queue_depth.last} deep.",
    "At {a:cpu.max@} the CPU of {a} hit {a:cpu.max}; at {a:memory.max@} its memory hit {a:memory.max}.",
    "Host: {a}\nCPU: {a:cpu.last}\nMemory: {a:memory.last}\nError rate: {a:error_share.last}\nRequests: {a:requests.last}",
    "| Host | CPU | p95 latency | Errors |\n| --- | ---: | ---: | ---: |\n| {a} | **{a:cpu.max}** | {a:response_time.p95} | "
    "{a:error_share.mean} |\n| {b} | **{b:cpu.max}** | {b:response_time.p95} | {b:error_share.mean} |\n\nAll values are from "
    "{a:@start} to {a:@end}.",
    "The error rate is worst on {a} (max {a:error_share.max}), then {b} (max {b:error_share.max}).",
    "Your alert on {a} fired at {a:+since}. At that time nothing else was firing. CPU on {a} is {a:cpu.last} now.",
    "Throughput on {a}: requests {a:requests.last}, inbound network {a:network_received.last}.",
    "{a} is busier than {b}, with a mean CPU of {a:cpu.mean} against {b:cpu.mean}.",
    "It is {a}. Errors there stepped from {a:error_share.before1} to {a:error_share.after1} at {a:error_share.after1@}, and have "
    "an average of {a:error_share.mean} over the whole window.",
    "Heap usage, which was at most {a:heap_bytes.max} on {a}, is at {a:heap_bytes.last} now.",
    "The step is {a:=step}, so short spikes may be missing; the highest CPU value seen on {a} is {a:cpu.max}.",
    "1. **{a}** — CPU {a:cpu.max}\n   - memory {a:memory.max}\n   - disk {a:disk_used.max}\n2. **{b}** — CPU {b:cpu.max}\n"
    "   - memory {b:memory.max}",
    "Could it be the network? {a} receives {a:network_received.mean} on average, {b} {b:network_received.mean}: unremarkable.",
    "CPU load is highest on {a}: {a:cpu.last}. Next are {b} ({b:cpu.last}) and {c} ({c:cpu.last}).",
    "{a} (CPU {a:cpu.mean}, memory {a:memory.mean}) and {b} (CPU {b:cpu.mean}, memory {b:memory.mean}) are both within "
    "their usual range.",
    "During the last {a:=window}, requests on {a} varied between {a:requests.min} and {a:requests.max}.",
    "Relative to its average, CPU on {a} peaked at {a:+ratio} as much.",
    "No host is out of disk. The fullest is {a} at {a:disk_used.last}; the others, {b} and {c}, are at {b:disk_used.last} and "
    "{c:disk_used.last}.",
    "What I see on {a}: latency p95 of {a:response_time.p95}, average {a:response_time.mean}; CPU average {a:cpu.mean}.",
    "{b} can be ruled out, since its error rate is only {b:error_share.last}. {a} cannot, with {a:error_share.last}.",
    "Load per core on {a} is {a:load_per_core.last} (average {a:load_per_core.mean}). On {b} it is {b:load_per_core.last}.",
    "From the metrics: `{a}` cpu={a:cpu.last} mem={a:memory.last}; `{b}` cpu={b:cpu.last} mem={b:memory.last}",
)
