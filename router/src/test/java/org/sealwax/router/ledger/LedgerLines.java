package org.sealwax.router.ledger;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.HostMemory;

/** Records of the ledger as lines in a fixed order, to be compared with a file. */
final class LedgerLines {
  private LedgerLines() {}

  /** Every fact of a record. */
  static List<String> of(DomainRecord row) {
    List<String> out = new ArrayList<>();
    out.add("domain " + row.domain() + " first " + row.first() + " last " + row.last());
    DomainRecord.ReachedLevel reached = row.standing();
    out.add(
        reached == null
            ? "no level"
            : "level " + reached.level() + " since " + reached.since() + " met " + reached.met());
    out.add("encrypt " + progress(row.encrypt()));
    out.add("verify " + progress(row.verify()));
    out.add("mx " + sorted(row.mx()) + " until " + row.mxUntil());
    out.add("known " + sorted(row.known()) + " patterns " + row.patterns());
    Violation violation = row.violation();
    if (violation != null) {
      out.add(
          "violation since "
              + violation.since()
              + " near us "
              + violation.nearUs()
              + " contradicted "
              + violation.contradicted()
              + " run "
              + run(violation.run()));
      violation.paths().entrySet().stream()
          .map(
              e ->
                  "  path "
                      + path(e.getKey())
                      + " "
                      + e.getValue().level()
                      + (e.getValue().met() ? " met " : " not met ")
                      + e.getValue().at())
          .sorted()
          .forEach(out::add);
      violation.candidates().entrySet().stream()
          .map(e -> "  candidate " + path(e.getKey()) + " " + run(e.getValue()))
          .sorted()
          .forEach(out::add);
    }
    row.hosts().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(e -> host(e.getKey().name(), e.getValue(), out));
    return out;
  }

  /** Every fact of the fallback ladder's memory of a host. */
  static String of(HostMemory memory) {
    return memory.strongest()
        + " "
        + memory.strongestAt()
        + " "
        + sorted(memory.broken().entrySet())
        + " "
        + memory.fullFailedFirst()
        + " "
        + memory.fullFailedLast()
        + " "
        + memory.starttlsRefusedFirst()
        + " "
        + memory.brokenSince()
        + " "
        + memory.brokenLast();
  }

  private static void host(String name, HostRecord host, List<String> out) {
    out.add(
        "host "
            + name
            + " first "
            + host.first()
            + " last "
            + host.last()
            + (host.ipv4() ? " ipv4" : "")
            + (host.ipv6() ? " ipv6" : ""));
    out.add(
        "  encrypted "
            + host.encrypted().count()
            + (host.encrypted().count() == 0 ? "" : " to " + host.encrypted().last())
            + " verified "
            + host.verified().count()
            + (host.verified().count() == 0 ? "" : " to " + host.verified().last()));
    for (ProvenLevel level : ProvenLevel.values()) {
      HostRecord.Count count = host.counts().get(level);
      if (count != null) {
        out.add(
            "  "
                + level
                + " "
                + count.sessions()
                + " sessions "
                + count.days().count()
                + " days to "
                + count.days().last());
      }
    }
    host.keys().forEach(k -> out.add("  key " + k.key() + " " + k.first() + " " + k.last()));
    for (RememberedSample s : host.history()) {
      out.add(
          "  "
              + s.at()
              + " "
              + s.family()
              + " "
              + s.level()
              + " "
              + s.step()
              + " "
              + s.origin()
              + " "
              + s.proven()
              + " "
              + s.version()
              + " "
              + s.key());
    }
  }

  private static String progress(LevelProgress p) {
    return p.sessions() == 0
        ? "none"
        : p.sessions()
            + " sessions "
            + p.days()
            + " days to "
            + p.lastDay()
            + " today "
            + p.today()
            + " resolutions "
            + p.resolutions()
            + " until "
            + p.until();
  }

  private static String run(Violation.@Nullable ObservationRun run) {
    return run == null
        ? "none"
        : run.since() + " " + run.count() + " " + run.counted() + " " + run.last();
  }

  private static String path(HostPath path) {
    return path.host() + " " + path.family();
  }

  private static String sorted(Collection<?> all) {
    return all.stream().map(Object::toString).sorted().collect(Collectors.joining(" ", "[", "]"));
  }
}
