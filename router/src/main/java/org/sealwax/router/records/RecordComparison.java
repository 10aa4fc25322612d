package org.sealwax.router.records;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;
import org.sealwax.router.records.PublishedViews.ServerView;
import org.sealwax.router.records.RecordJudge.Judgement;
import org.sealwax.router.records.RecordStanding.Presence;
import org.sealwax.router.records.RecordStanding.RecordEdit;

/**
 * Compares a wanted record with what each authoritative server has. A record counts as published
 * when every server that answers has it, and every server answers at one of its addresses. The
 * resolver's answer counts where no server answers, and where the name is an alias, whose target
 * may be in another zone.
 */
public final class RecordComparison {
  private final RecordJudge judge;

  /**
   * A comparison.
   *
   * @param resolver for what a record refers to: included SPF records, records of the domains above
   */
  public RecordComparison(Resolver resolver) {
    this.judge = new RecordJudge(resolver);
  }

  /** {@return what is published of a wanted record} */
  public RecordStanding of(WantedRecord wanted, PublishedViews views) {
    DnsAnswer<ZoneRecord> resolved = views.resolver();
    if (wanted.requirement() instanceof WantedRecord.Requirement.NotKnown(String why)) {
      return standing(wanted, Judgement.unknown(why));
    }
    if (resolved.security() == DnssecStatus.BOGUS) {
      return standing(wanted, Judgement.unknown("DNSSEC: " + resolved.reason()));
    }
    Map<ServerView, Judgement> judged = new LinkedHashMap<>();
    views.servers().stream()
        .filter(ServerView::isKnown)
        .forEach(view -> judged.put(view, judge.of(wanted, view.answer().records())));
    RecordStanding found =
        judged.isEmpty() || views.servers().stream().anyMatch(ServerView::isAlias)
            ? ofResolver(wanted, views)
            : ofServers(wanted, views, judged);
    boolean isUnsigned =
        wanted.type() == RecordType.TLSA && resolved.security() == DnssecStatus.INSECURE;
    return isUnsigned
        ? new RecordStanding(
            found
                .wanted()
                .with("the zone is not signed by DNSSEC: senders ignore TLSA records there"),
            found.presence(),
            found.text(),
            found.lines(),
            found.edit(),
            found.lagging())
        : found;
  }

  private static RecordStanding standing(WantedRecord wanted, Judgement judgement) {
    return new RecordStanding(
        wanted, judgement.presence(), judgement.text(), judgement.lines(), judgement.edit(), false);
  }

  private RecordStanding ofResolver(WantedRecord wanted, PublishedViews views) {
    DnsAnswer<ZoneRecord> answer = views.resolver();
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return standing(wanted, Judgement.unknown(answer.reason()));
    }
    List<ZoneRecord> there = answer.records();
    Judgement judgement = judge.of(wanted, there);
    if (answer.aliases() == 0 && views.servers().stream().noneMatch(ServerView::isAlias)) {
      return standing(wanted, judgement);
    }
    // The zone of the target may be another's, and a record next to an alias is an error.
    String target = "the name is an alias of " + answer.name();
    return standing(
        wanted,
        new Judgement(
            judgement.presence(),
            judgement.text().isEmpty() ? target : target + "; " + judgement.text(),
            List.of(),
            Optional.empty()));
  }

  private RecordStanding ofServers(
      WantedRecord wanted, PublishedViews views, Map<ServerView, Judgement> judged) {
    Judgement worst =
        judged.values().stream().max(Comparator.comparing(Judgement::presence)).orElseThrow();
    boolean isPublishedSomewhere =
        judged.values().stream().anyMatch(j -> j.presence() == Presence.PUBLISHED);
    if (worst.presence() == Presence.PUBLISHED) {
      Set<String> silent = silent(views.servers(), judged.keySet());
      return standing(
          wanted,
          silent.isEmpty()
              ? worst
              : new Judgement(
                  Presence.NOT_KNOWN,
                  "no answer from " + String.join(", ", silent),
                  worst.lines(),
                  Optional.empty()));
    }
    Map<String, List<String>> byText = new TreeMap<>();
    judged.forEach(
        (view, judgement) ->
            byText.computeIfAbsent(words(judgement), _ -> new ArrayList<>()).add(view.server()));
    List<String> texts = new ArrayList<>();
    if (byText.size() == 1) {
      texts.add(worst.text());
    } else {
      byText.forEach((text, servers) -> texts.add(text + " at " + String.join(", ", servers)));
    }
    Optional<RecordEdit> edit = isPublishedSomewhere ? Optional.empty() : worst.edit();
    boolean isLagging = isPublishedSomewhere;
    List<ZoneRecord> lines = worst.lines();
    if (views.primary().isPresent()) {
      ServerView primary = views.primary().get();
      Judgement there =
          primary.isKnown()
              ? judge.of(wanted, primary.answer().records())
              : Judgement.unknown(primary.answer().reason());
      edit = there.edit();
      isLagging = there.presence() == Presence.PUBLISHED;
      if (there.presence() == Presence.PUBLISHED) {
        texts.add("the primary server has it, and other servers will get it from there");
        lines = there.lines();
      } else if (there.presence() == Presence.NOT_KNOWN) {
        texts.add("no answer from the primary server " + primary.server() + ": " + there.text());
      }
    }
    texts.removeIf(String::isEmpty);
    return new RecordStanding(
        wanted, worst.presence(), String.join("; ", texts), lines, edit, isLagging);
  }

  private static String words(Judgement judgement) {
    return judgement.text().isEmpty() || judgement.presence() == Presence.PUBLISHED
        ? judgement.presence().words()
        : judgement.presence().words() + " (" + judgement.text() + ")";
  }

  /** Servers of which no address answers; a machine without IPv6 cannot ask all addresses. */
  private static Set<String> silent(List<ServerView> all, Set<ServerView> answering) {
    Set<String> silent = new LinkedHashSet<>();
    for (ServerView view : all) {
      if (answering.stream().noneMatch(known -> known.name().equals(view.name()))) {
        silent.add(view.server() + ": " + view.answer().reason());
      }
    }
    return silent;
  }
}
