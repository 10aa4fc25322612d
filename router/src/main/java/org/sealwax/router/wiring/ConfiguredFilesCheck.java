package org.sealwax.router.wiring;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.dns.update.TsigKey;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.HeapBudget;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.router.certs.CertificateDates;
import org.sealwax.router.certs.acme.AcmeSettings;
import org.sealwax.router.certs.acme.AcmeSetup;
import org.sealwax.router.certs.rollover.ZoneServerRow;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.pipe.PipeDeliveryAgent;
import org.sealwax.router.receive.TrustedClientRow;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.reports.TlsReportRow;
import org.sealwax.router.route.ConfiguredDirectory;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.route.RecipientProbe;
import org.sealwax.router.route.VerificationCache;

/**
 * A check of the files that a configuration names. Reads them as {@code serve} would, and writes,
 * makes and asks nothing.
 */
public final class ConfiguredFilesCheck {
  /** Logged by serve and printed by check where it is so. */
  public static final String NO_POSTMASTER =
      "[server] postmaster is not set: mail for the postmaster is held in the queue";

  /**
   * A recommendation for sender rewriting, printed by check; empty when there is none. Receivers
   * limit the mail of an SPF domain by what they see of it: with forwarded spam under the domain of
   * the project's own mail, that mail is slowed down, too.
   */
  public static Optional<String> srsDomainAdvice(ForwardSettings forward) {
    ForwardSettings.SenderRewriting rewriting = forward.sender();
    if (rewriting == null) {
      return Optional.empty();
    }
    Domain domain = rewriting.domain();
    boolean shared =
        forward.aliasDomains().stream().anyMatch(row -> row.domain().equals(domain))
            || forward.relayDomains().stream().anyMatch(row -> row.domain().equals(domain));
    return shared
        ? Optional.of(
            "[srs] domain is also a domain of ordinary mail: with a domain of its own, such as srs."
                + domain
                + " with MX and SPF records for this server, rate limits for forwarded mail do not"
                + " affect other mail of "
                + domain)
        : Optional.empty();
  }

  /** RFC 7646 section 2: a lifetime of a week at most, with a day's grace for time zones. */
  static final Duration NEGATIVE_ANCHOR = Duration.ofDays(8);

  /** Bytes of a decoy secret that is used for nothing here. */
  private static final int DECOY = 32;

  private final RouterSettings settings;
  private final Clock clock;
  private final List<FileProblem> findings = new ArrayList<>();

  /**
   * One finding.
   *
   * @param error {@code serve} would refuse it
   * @param place the setting that led there
   * @param text what is wrong, with the file and, where there is one, the line
   */
  public record FileProblem(boolean error, String place, String text) {
    @Override
    public String toString() {
      return (error ? "error: " : "warning: ") + place + ": " + text;
    }
  }

  private ConfiguredFilesCheck(RouterSettings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** All findings, in the order of the configuration's chapters. */
  public static List<FileProblem> of(RouterSettings settings, Clock clock) {
    ConfiguredFilesCheck inspection = new ConfiguredFilesCheck(settings, clock);
    inspection.identities();
    inspection.authorities();
    inspection.acme();
    inspection.passwords();
    inspection.dkim();
    inspection.updateKeys();
    inspection.directory();
    inspection.expiries();
    inspection.memory();
    PipeDeliveryAgent.warnings(settings.pipes(), PipeDeliveryAgent.runsAsRoot())
        .forEach(text -> inspection.warning("[[pipe]]", text));
    return List.copyOf(inspection.findings);
  }

  private void expiries() {
    settings.deliver().rows().stream()
        .filter(row -> !row.isInForce(clock.now()))
        .forEach(
            row ->
                warning(
                    "[[policy]] " + row.pattern().text(),
                    "expired on " + row.expires() + " and is ignored; remove or renew it"));
    Instant now = clock.now();
    for (NegativeTrustAnchor anchor : settings.dns().negativeAnchors()) {
      String place = "[[negative_anchor]] " + anchor.zone();
      if (!anchor.isInForce(now)) {
        warning(place, "expired on " + anchor.until() + " and is ignored; remove it");
      } else if (anchor.until().isAfter(now.plus(NEGATIVE_ANCHOR))) {
        warning(place, "is in force until " + anchor.until() + "; RFC 7646 advises at most a week");
      }
    }
  }

  private void error(String place, IOException e) {
    findings.add(new FileProblem(true, place, FailureText.of(e)));
  }

  private void warning(String place, String text) {
    findings.add(new FileProblem(false, place, text));
  }

  private void memory() {
    HeapBudget plan = MemoryPlan.of(settings);
    if (!plan.fits()) {
      warning(
          "memory", plan.text() + "; lower a limit, or give Java more by SEALWAX_JAVA_OPTS=-Xmx1g");
    }
    if (settings.receive().sessions() > MemoryPlan.sessionsThatFit()) {
      warning(
          "[limits] sessions",
          settings.receive().sessions()
              + " sessions do not fit in a third of the heap, only "
              + MemoryPlan.sessionsThatFit());
    }
  }

  private void identities() {
    IdentitySettings.CertificatePair pair = settings.identity().pair();
    if (pair != null) {
      identity("[identity]", pair, List.of(settings.server().hostname().name()));
    }
    for (IdentitySettings.NamedPair named : settings.identity().named()) {
      identity(
          "[[identity_for]]",
          named.pair(),
          named.names().stream().map(CertificateName::text).toList());
    }
  }

  private void identity(String place, IdentitySettings.CertificatePair pair, List<String> names) {
    Identity identity;
    try {
      identity = Identity.read(pair.certificate(), pair.key());
    } catch (IOException e) {
      error(place, e);
      return;
    }
    CertificateDates.notice(identity, clock.now()).ifPresent(w -> warning(place, w));
    for (String name : names) {
      // A wildcard stands for any label: the certificate must have the wildcard, too.
      Domain asked = Domain.of(name.startsWith("*.") ? "any-label" + name.substring(1) : name);
      if (NameCheck.match(identity.leaf(), List.of(asked)).isEmpty()) {
        warning(place, identity.name() + ": the certificate is not for " + name);
      }
    }
  }

  private void acme() {
    AcmeSettings acme = settings.acme();
    acme.roots().ifPresent(file -> roots("[acme] roots", file));
    if (acme.eabKeyFile().isPresent()) {
      try {
        var _ = AcmeSetup.hmacKey(acme.eabKeyFile().get());
      } catch (IOException e) {
        error("[acme] eab_key_file", e);
      }
    }
    acme.dnsCommand()
        .filter(command -> !Files.isExecutable(command))
        .ifPresent(command -> warning("[acme] dns_command", command + " cannot be executed"));
  }

  private void authorities() {
    settings.roots().files().forEach(f -> roots("[roots] files", f));
    settings.caFiles().forEach((name, f) -> roots("ca " + name, f));
    for (TrustedClientRow row : settings.trustedClients()) {
      Path ca = row.ca();
      if (ca != null) {
        roots("[[trusted_client]] ca", ca);
      }
    }
  }

  private void roots(String place, Path file) {
    try {
      RootStore.fromPem(file);
    } catch (IOException e) {
      error(place, e);
    }
  }

  private void passwords() {
    if (settings.auth().passwordFile().isEmpty()) {
      return;
    }
    Path file = settings.auth().passwordFile().get();
    String place = "password file";
    try (TextMailLog silent = discardingDirectory()) {
      var _ = new PasswordFile(file, new byte[DECOY], clock, silent);
    } catch (IOException e) {
      error(place, e);
      return;
    }
    PasswordFile.warnings(file).forEach(w -> warning(place, w));
  }

  private void dkim() {
    for (DkimRow row : settings.dkim()) {
      String place = "[[dkim]] " + row.selector() + "._domainkey." + row.domain();
      dkimKey(place, row.domain(), row.selector(), row.key())
          .filter(key -> settings.dkim().stream().filter(r -> sameName(r, row)).count() > 1)
          .map(key -> "the selector is used twice; " + key.algorithm().tag())
          .ifPresent(text -> findings.add(new FileProblem(true, place, text)));
    }
    settings
        .tlsReports()
        .flatMap(TlsReportRow::dkim)
        .ifPresent(row -> dkimKey("[tlsrpt] dkim_key", row.domain(), row.selector(), row.file()));
  }

  private Optional<DkimSigningKey> dkimKey(
      String place, Domain domain, Domain selector, Path file) {
    try {
      DkimSigningKey key = DkimKeyFile.read(domain, selector, file);
      DkimKeyFile.warning(file).ifPresent(w -> warning(place, w));
      return Optional.of(key);
    } catch (IOException e) {
      error(place, e);
      return Optional.empty();
    }
  }

  private void updateKeys() {
    for (ZoneServerRow row : settings.zoneServers()) {
      String place = "[[dns_update]] " + row.zone();
      try {
        var _ = TsigKey.read(row.key());
        DkimKeyFile.warning(row.key()).ifPresent(w -> warning(place, w));
      } catch (IOException e) {
        error(place, e);
      }
    }
  }

  private static boolean sameName(DkimRow one, DkimRow other) {
    return one.selector().equals(other.selector()) && one.domain().equals(other.domain());
  }

  private TextMailLog discardingDirectory() {
    return new TextMailLog(LogSettings.defaults(), OutputStream.nullOutputStream(), clock);
  }

  private void directory() {
    ForwardSettings f = settings.forward();
    List<String> flaws = ConfiguredDirectory.flaws(f);
    flaws.forEach(w -> findings.add(new FileProblem(true, "aliases and recipients", w)));
    if (!flaws.isEmpty()) {
      return;
    }
    // Without sender rewriting, whose secret would be made.
    ForwardSettings read = SettingsRecord.with(f, Collections.singletonMap("sender", null));
    RecipientProbe probe =
        (mailbox, hop) -> new RecipientProbe.VerificationResult.NotKnown("not queried");
    try (TextMailLog silent = discardingDirectory()) {
      new ConfiguredDirectory(
              read,
              List.of(),
              probe,
              new VerificationCache(null, clock, silent),
              null,
              clock,
              RandomSource.secure(),
              silent,
              null)
          .aliasErrors()
          .forEach(text -> warning("aliases", text));
    } catch (IOException e) {
      error("aliases and recipients", e);
    }
  }
}
