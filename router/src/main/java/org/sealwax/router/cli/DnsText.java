package org.sealwax.router.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneUpdate.Change;
import org.sealwax.mail.dns.update.ZoneUpdate.Condition;
import org.sealwax.mail.json.Json;
import org.sealwax.router.certs.rollover.ZoneServerRow;
import org.sealwax.router.records.RecordStanding;
import org.sealwax.router.records.RecordStanding.Presence;
import org.sealwax.router.records.RecordStanding.RecordEdit;
import org.sealwax.router.records.RecordUpdates;
import org.sealwax.router.records.RecordUpdates.PlannedUpdate;
import org.sealwax.router.records.RecordUpdates.SetEdit;
import org.sealwax.router.records.WantedRecord.Purpose;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Prints what is published, and what is to be. Texts of name servers are shown with their control
 * characters escaped: in zone files and for nsupdate they stay in their comment.
 */
record DnsText(PrintStream out, List<ZoneServerRow> zones) {
  /** Forms of output. */
  enum Format {
    TABLE,
    ZONE,
    NSUPDATE,
    JSON;

    /** Those of {@code --format}. */
    static Optional<Format> parse(String word) {
      return List.of(TABLE, ZONE, NSUPDATE).stream()
          .filter(format -> format.name().toLowerCase(Locale.ROOT).equals(word))
          .findFirst();
    }
  }

  DnsText {
    zones = List.copyOf(zones);
  }

  /**
   * Prints all records.
   *
   * @param order in which MX hosts and MTA-STS policies change, and warnings
   */
  void print(List<RecordStanding> found, Format format, List<String> order) {
    switch (format) {
      case TABLE -> table(found);
      case ZONE -> zone(found);
      case NSUPDATE -> nsupdate(found);
      case JSON -> {
        out.println(json(found, order));
        return;
      }
    }
    if (!order.isEmpty() && format == Format.TABLE) {
      out.println();
    }
    String mark = format == Format.TABLE ? "" : "; ";
    order.forEach(line -> out.println(mark + Printable.of(line)));
  }

  private static String name(RecordStanding standing) {
    return standing.wanted().owner() + ". " + standing.wanted().type();
  }

  /** What was found, and what to know about the record. */
  private static String words(RecordStanding standing) {
    List<String> words = new ArrayList<>();
    words.add(standing.text());
    if (standing.presence() != Presence.PUBLISHED) {
      words.add(standing.wanted().note());
    }
    words.removeIf(String::isEmpty);
    return Printable.of(String.join("; ", words));
  }

  private static boolean isToBePublished(RecordStanding standing) {
    return standing.presence() == Presence.MISSING || standing.presence() == Presence.DIFFERENT;
  }

  private void table(List<RecordStanding> found) {
    for (RecordStanding standing : found) {
      String words = words(standing);
      out.printf(
          Locale.ROOT,
          "%-11s  %-12s  %s%s%n",
          standing.presence().words(),
          standing.wanted().purpose().word(),
          name(standing),
          words.isEmpty() ? "" : ": " + words);
    }
    List<RecordStanding> open =
        found.stream()
            .filter(s -> isToBePublished(s) && !s.lagging() && !s.lines().isEmpty())
            .toList();
    if (!open.isEmpty()) {
      out.println();
      out.println("to be published:");
      Set<String> lines = new LinkedHashSet<>();
      open.forEach(standing -> lines(standing, lines));
      lines.forEach(out::println);
    }
  }

  private static void lines(RecordStanding standing, Set<String> lines) {
    boolean isComment = standing.wanted().purpose() == Purpose.PTR;
    standing
        .edit()
        .map(RecordEdit::remove)
        .orElse(List.of())
        .forEach(former -> lines.add("; in place of: " + former.line()));
    standing.lines().forEach(record -> lines.add((isComment ? "; " : "") + record.line()));
  }

  /** All records, as they should be in the end. */
  private void zone(List<RecordStanding> found) {
    Set<String> lines = new LinkedHashSet<>();
    for (RecordStanding standing : found) {
      String words = words(standing);
      lines.add(
          "; "
              + standing.wanted().purpose().word()
              + " of "
              + name(standing)
              + ": "
              + standing.presence().words()
              + (words.isEmpty() ? "" : "; " + words));
      if (standing.presence() == Presence.NOT_KNOWN && standing.lines().isEmpty()) {
        // Next to a text that could not be seen, a second one may be an error for every receiver.
        boolean isComment = standing.wanted().type() == ZoneRecord.RecordType.TXT;
        standing
            .wanted()
            .records()
            .forEach(record -> lines.add((isComment ? "; " : "") + record.line()));
      }
      lines(standing, lines);
    }
    lines.forEach(out::println);
  }

  /** The changes, each with the condition that the records are those that were seen. */
  private void nsupdate(List<RecordStanding> found) {
    for (RecordStanding standing : found) {
      if (standing.presence() != Presence.PUBLISHED && standing.edit().isEmpty()) {
        out.println(
            "; not changed: "
                + name(standing)
                + ", "
                + standing.presence().words()
                + ": "
                + words(standing));
      }
    }
    for (SetEdit set : RecordUpdates.sets(found)) {
      if (set.type() == ZoneRecord.RecordType.PTR) {
        set.edit().add().forEach(record -> out.println("; ask for: " + record.line()));
        continue;
      }
      ZoneServerRow.of(zones, set.owner())
          .ifPresent(
              row -> {
                out.println(
                    "server "
                        + AddressText.of(row.server().getAddress())
                        + " "
                        + row.server().getPort());
                out.println("zone " + row.zone() + ".");
              });
      String owner = set.owner() + ". ";
      switch (set.condition()) {
        case Condition.NoRecords none -> out.println("prereq nxrrset " + owner + none.type());
        case Condition.ExactRecords exact ->
            exact
                .records()
                .forEach(r -> out.println("prereq yxrrset " + owner + r.type() + " " + r.data()));
      }
      for (Change change : set.changes()) {
        ZoneRecord record = change.record();
        out.println(
            switch (change) {
              case Change.Add _ -> "update add " + record.line();
              case Change.Remove _ ->
                  "update delete " + owner + record.type() + " " + record.data();
            });
      }
      out.println("send");
    }
  }

  private static String json(List<RecordStanding> found, List<String> order) {
    ObjectNode root = Json.object();
    ArrayNode records = root.putArray("records");
    for (RecordStanding standing : found) {
      ObjectNode each = records.addObject();
      each.put("purpose", standing.wanted().purpose().word());
      each.put("name", standing.wanted().owner().name());
      each.put("type", standing.wanted().type().name());
      each.put("state", standing.presence().words());
      each.put("text", standing.text());
      each.put("note", standing.wanted().note());
      each.put("lagging", standing.lagging());
      put(each.putArray("lines"), standing.lines());
      put(each.putArray("remove"), standing.edit().map(RecordEdit::remove).orElse(List.of()));
      put(each.putArray("add"), standing.edit().map(RecordEdit::add).orElse(List.of()));
    }
    ArrayNode steps = root.putArray("order");
    order.forEach(steps::add);
    return Json.indented(root);
  }

  private static void put(ArrayNode lines, List<ZoneRecord> records) {
    records.forEach(record -> lines.add(record.line()));
  }

  /** What {@code --apply} would change, and what it leaves to a person. */
  void plan(List<RecordStanding> found, RecordUpdates updates) {
    for (PlannedUpdate planned : updates.updates()) {
      out.println("update of " + name(planned) + ":");
      for (Condition condition : planned.update().conditions()) {
        out.println(
            switch (condition) {
              case Condition.NoRecords none ->
                  "  if there is no " + none.type() + " record at " + none.owner();
              case Condition.ExactRecords exact ->
                  "  if the "
                      + exact.records().getFirst().type()
                      + " records at "
                      + exact.owner()
                      + " are those that were seen ("
                      + exact.records().size()
                      + ")";
            });
      }
      for (Change change : planned.update().changes()) {
        out.println((change instanceof Change.Add ? "  + " : "  - ") + change.record().line());
      }
    }
    for (RecordStanding standing : found) {
      boolean isPlanned =
          standing.edit().isPresent()
              && updates.others().stream().noneMatch(set -> isOf(set, standing));
      if (standing.presence() != Presence.PUBLISHED && !isPlanned) {
        String words = words(standing);
        out.println(
            "not changed: "
                + name(standing)
                + ", "
                + standing.presence().words()
                + (words.isEmpty() ? "" : ": " + words));
      }
    }
  }

  private static boolean isOf(SetEdit set, RecordStanding standing) {
    return set.owner().equals(standing.wanted().owner()) && set.type() == standing.wanted().type();
  }

  private static String name(PlannedUpdate planned) {
    return "zone "
        + planned.row().zone()
        + " at "
        + AddressText.of(planned.row().server().getAddress())
        + " port "
        + planned.row().server().getPort();
  }

  /** The result of one update. */
  void applied(PlannedUpdate planned, String problem) {
    out.println(name(planned) + ": " + (problem.isEmpty() ? "applied" : Printable.of(problem)));
  }
}
