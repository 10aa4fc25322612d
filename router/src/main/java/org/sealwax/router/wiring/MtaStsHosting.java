package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.hosting.DomainAssessor;
import org.sealwax.router.hosting.HostedPolicies;
import org.sealwax.router.hosting.HostedState;
import org.sealwax.router.hosting.MxChangeOrder;
import org.sealwax.router.hosting.PolicyPages;
import org.sealwax.router.hosting.PromotionEvidence;
import org.sealwax.router.https.HttpsEndpoint;
import org.sealwax.router.https.HttpsListener;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.reports.received.ReceivedReportStore;
import org.sealwax.router.reports.received.ReportSummary;

/** The MTA-STS policies that this server offers, and their listener. */
public final class MtaStsHosting implements Closeable {
  /** Each costs a handshake; senders ask once a day. */
  private static final int CONNECTIONS = 64;

  /** Lines of the daily summary. */
  private static final int SUMMARY = 50;

  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private static final ClientLimits.ClientLimitSettings PER_CLIENT =
      SettingsRecord.with(
          ClientLimits.ClientLimitSettings.defaults(), Map.of("sessions", 8, "errors", 60));

  private final RouterSettings settings;
  private final HostedPolicies policies;
  private final SteadyClock clock;
  private final MailLog log;
  private @Nullable TcpListener listener;

  /**
   * Nothing is read yet.
   *
   * @param settings those in force at the start
   * @param current those in force now
   * @param resolver of the domains' records
   */
  public MtaStsHosting(
      RouterSettings settings,
      Supplier<RouterSettings> current,
      Resolver resolver,
      SteadyClock clock,
      RandomSource random,
      MailLog log) {
    this.settings = settings;
    this.clock = clock;
    this.log = log;
    Path state = settings.server().state();
    this.policies =
        new HostedPolicies(
            state,
            () -> current.get().hostedDomains(),
            settings.server().hostname(),
            resolver,
            (domain, since, today) -> evidence(state, domain, since, today),
            clock,
            random,
            log);
  }

  /** {@return what received reports say about a domain; nothing where they cannot be read} */
  static PromotionEvidence evidence(Path state, Domain domain, LocalDate since, LocalDate today) {
    ReportSummary summary = new ReportSummary(domain::equals);
    try {
      Path folder = IncomingTlsReports.storeFolder(state);
      ReceivedReportStore.each(folder, since, summary::note, _ -> {});
      ReceivedReportStore.each(folder, since, summary::add, _ -> {});
    } catch (IOException e) {
      return PromotionEvidence.of(List.of(), since, today);
    }
    // Rows that are left out may have failed sessions.
    return PromotionEvidence.of(summary.isCut() ? List.of() : summary.rows(), since, today);
  }

  /** The pages of the policy hosts. */
  public HttpsEndpoint pages() {
    return new PolicyPages(policies::page);
  }

  /** Has domains assessed. */
  public void assessBy(DomainAssessor assessor) {
    policies.assessBy(assessor);
  }

  /** Where it is to listen itself; empty: nowhere, or where reports are taken by POST. */
  public Optional<InetSocketAddress> listenAddress() {
    Optional<InetSocketAddress> reports = settings.tlsReportsIn().flatMap(row -> row.listen());
    return settings.policyAddress().filter(address -> !Optional.of(address).equals(reports));
  }

  /**
   * Begins to listen and to look up.
   *
   * @param tls of the listener
   * @param counters show the policies
   * @throws IOException when the address is not available
   */
  public void start(Supplier<TlsServer> tls, Counters counters) throws IOException {
    if (settings.policyAddress().isEmpty()) {
      return;
    }
    Optional<InetSocketAddress> address = listenAddress();
    if (address.isPresent()) {
      listener =
          HttpsListener.open(
              new HttpsListener.HttpsLimits(
                  "https",
                  address.get(),
                  CONNECTIONS,
                  PER_CLIENT,
                  HANDSHAKE,
                  HttpService.HttpLimits.SMALL),
              tls.get(),
              List.of(pages()),
              clock.believed(),
              log);
      log.note("https", "serves MTA-STS policies at " + ListenAddress.text(listener.address()));
    }
    String label = "mode";
    for (StsPolicy.Mode mode : StsPolicy.Mode.values()) {
      String value = mode.word();
      counters.gauge(
          "sealwax_mta_sts_hosted",
          "Domains whose MTA-STS policy is served, by mode",
          label,
          value,
          () -> count(state -> state.policy().isPresent() && state.mode() == mode));
    }
    counters.gauge(
        "sealwax_mta_sts_unpublished",
        "Domains whose TXT record does not announce the MTA-STS policy that is served",
        () -> count(state -> !state.isAnnounced()));
    counters.gauge(
        "sealwax_mta_sts_warnings",
        "Domains with an MX host that the MTA-STS policy does not list, or not for long enough",
        () -> count(state -> MxChangeOrder.of(state, clock.now()).hasWarning()));
    policies.start();
  }

  /** Lines for the daily summary: where senders may fail to deliver. */
  public List<String> summary() {
    return policies.states().stream()
        .flatMap(
            state ->
                MxChangeOrder.of(state, clock.now()).steps().stream()
                    .filter(step -> step.state() == MxChangeOrder.StepState.WARNING)
                    .map(step -> "MTA-STS policy of " + state.domain() + ": " + step.text() + "."))
        .limit(SUMMARY)
        .toList();
  }

  private long count(Predicate<HostedState> which) {
    return policies.states().stream().filter(which).count();
  }

  /** Takes the domains of the configuration that is in force now. */
  public void reload() {
    policies.reload();
  }

  @Override
  public void close() {
    policies.close();
    TcpListener open = listener;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        log.warning("https", "closing: " + FailureText.of(e));
      }
    }
  }
}
