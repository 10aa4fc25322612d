package org.sealwax.router.wiring;

import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.certs.StatusTopic;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.dkim.DkimKeyUse;
import org.sealwax.router.dkim.KeyRecordCheck;
import org.sealwax.router.reports.received.ReceivedReportStore;
import org.sealwax.router.reports.received.ReportSummary;
import org.sealwax.router.sts.StsPolicyCache;

/**
 * The state of each of our domains: MTA-STS, TLS reports, DKIM keys.
 *
 * @param settings those in force
 * @param resolver as senders have it
 * @param keyServers the authoritative servers of key records
 * @param policies fetches MTA-STS policies; empty: only the record is looked up
 * @param clock the believed time
 */
public record DomainStatus(
    RouterSettings settings,
    Resolver resolver,
    KeyRecordCheck.ServerLookup keyServers,
    Supplier<Optional<StsPolicyCache>> policies,
    Clock clock)
    implements StatusItem.Source {
  /** Reports about older days are not read. */
  private static final int REPORT_DAYS = 30;

  @Override
  public List<StatusItem> items() throws InterruptedException {
    List<StatusItem> items = new ArrayList<>();
    for (Domain domain : new TreeSet<>(settings.ownDomains())) {
      if (!HostedStatus.isHosted(settings, domain)) {
        items.add(mtaSts(domain));
      }
    }
    reports(items);
    dkim(items);
    return items;
  }

  private StatusItem mtaSts(Domain domain) {
    Optional<Domain> name = StsRecord.nameFor(domain);
    if (name.isEmpty()) {
      return StatusItem.of(domain, StatusTopic.MTA_STS, "the name is too long for a record");
    }
    return switch (StsLookup.of(resolver.txt(name.get()))) {
      case StsLookup.NoRecordAnswer failed ->
          StatusItem.of(domain, StatusTopic.MTA_STS, "unknown: " + failed.why())
              .with("mode", "unknown");
      case StsLookup.RecordAnswer(StsRecord.None _) ->
          StatusItem.of(domain, StatusTopic.MTA_STS, "no record").with("mode", "none");
      case StsLookup.RecordAnswer(StsRecord.Several several) ->
          StatusItem.of(
                  domain, StatusTopic.MTA_STS, several.count() + " records, which count as none")
              .with("mode", "none")
              .needs("publish one record at " + name.get());
      case StsLookup.RecordAnswer(StsRecord.Malformed malformed) ->
          StatusItem.of(domain, StatusTopic.MTA_STS, "the record is wrong: " + malformed.why())
              .with("mode", "none")
              .needs("correct the record at " + name.get());
      case StsLookup.RecordAnswer(StsRecord.Announced announced) -> policy(domain, announced.id());
    };
  }

  private StatusItem policy(Domain domain, String id) {
    Optional<StsPolicyCache> cache = policies.get();
    if (cache.isEmpty()) {
      return StatusItem.of(domain, StatusTopic.MTA_STS, "id " + id + "; the policy was not fetched")
          .with("id", id);
    }
    Evidence.Sts found = cache.get().evidenceFor(domain);
    String mode =
        switch (found.state()) {
          case Evidence.StsState.Enforce _ -> "enforce";
          case Evidence.StsState.Testing _ -> "testing";
          case Evidence.StsState.Pending _ -> "unknown";
          case Evidence.StsState.Absent _ -> "none";
        };
    StatusItem item =
        StatusItem.of(domain, StatusTopic.MTA_STS, found.origin() + " (record: id " + id + ")")
            .with("mode", mode)
            .with("id", id);
    return mode.equals("enforce") || mode.equals("testing")
        ? item
        : item.needs("the record announces a policy: make it available at mta-sts." + domain);
  }

  private void reports(List<StatusItem> items) {
    LocalDate today = LocalDate.ofInstant(clock.civilTime(), ZoneOffset.UTC);
    LocalDate since = today.minusDays(REPORT_DAYS);
    ReportSummary summary = new ReportSummary(settings.ownDomains()::contains);
    try {
      var folder = IncomingTlsReports.storeFolder(settings.server().state());
      ReceivedReportStore.each(folder, since, summary::note, _ -> {});
      ReceivedReportStore.each(folder, since, summary::add, _ -> {});
    } catch (IOException e) {
      items.add(
          StatusItem.of(
              settings.server().hostname(),
              StatusTopic.REPORTS,
              "cannot be read: " + FailureText.of(e)));
      return;
    }
    summary.rows().stream()
        .collect(
            Collectors.groupingBy(ReportSummary.Row::domain, TreeMap::new, Collectors.toList()))
        .forEach((domain, rows) -> items.add(reported(domain, rows)));
  }

  /**
   * {@return what the reports say about one domain: a day is clean when no report about it or about
   * a later day has a failed session}
   */
  static StatusItem reported(Domain domain, List<ReportSummary.Row> rows) {
    Set<LocalDate> days = rows.stream().map(ReportSummary.Row::day).collect(Collectors.toSet());
    LocalDate failure =
        rows.stream()
            .filter(row -> row.failed() > 0)
            .map(ReportSummary.Row::day)
            .max(LocalDate::compareTo)
            .orElse(LocalDate.MIN);
    long clean = days.stream().filter(day -> day.isAfter(failure)).count();
    long reporters = rows.stream().map(ReportSummary.Row::organization).distinct().count();
    long succeeded = rows.stream().mapToLong(ReportSummary.Row::succeeded).sum();
    long failed = rows.stream().mapToLong(ReportSummary.Row::failed).sum();
    return StatusItem.of(
            domain,
            StatusTopic.REPORTS,
            CountText.of(clean, "clean day")
                + ", of "
                + days.size()
                + " with reports in "
                + REPORT_DAYS
                + " days; "
                + CountText.of(reporters, "reporter")
                + ", "
                + succeeded
                + " successful and "
                + failed
                + " failed sessions")
        .with("clean_days", clean)
        .with("reporters", reporters)
        .with("succeeded", succeeded)
        .with("failed", failed);
  }

  private void dkim(List<StatusItem> items) throws InterruptedException {
    Instant now = clock.civilTime();
    KeyRecordCheck check =
        new KeyRecordCheck(
            resolver, keyServers, () -> DkimKeyUse.read(settings.server().state()), now);
    for (KeyRecordCheck.KeyFinding finding : check.of(settings.dkim(), _ -> true)) {
      StatusItem item =
          StatusItem.of(finding.record(), StatusTopic.DKIM, finding.text())
              .with("verdict", finding.verdict().name().toLowerCase(java.util.Locale.ROOT));
      boolean isWrong = finding.verdict().compareTo(KeyRecordCheck.KeyVerdict.WARNING) >= 0;
      items.add(isWrong ? item.needs(String.join("; ", finding.fix())) : item);
    }
  }
}
