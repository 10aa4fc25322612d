package org.sealwax.router.records;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.router.certs.HostKey;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.dkim.NeededKey;
import org.sealwax.router.records.PublishedViews.ServerView;
import org.sealwax.router.records.SiteFacts.HostedPolicy;
import org.sealwax.router.records.WantedRecord.Purpose;
import org.sealwax.testkit.dns.FixedResolver;

/** A forwarder of project.example on mx.project.example, and what name servers may answer. */
final class RecordFixture {
  static final Domain HOST = Domain.of("mx.project.example");
  static final Domain PROJECT = Domain.of("project.example");
  static final TlsaRecord CURRENT = new TlsaRecord(3, 1, 1, "ab".repeat(32));
  static final TlsaRecord WHOLE = new TlsaRecord(3, 0, 1, "ef".repeat(32));
  static final TlsaRecord NEXT = new TlsaRecord(3, 1, 1, "cd".repeat(32));
  static final DkimSigningKey KEY = key();

  static final String CONFIGURATION =
      """
      [[alias_domain]]
      domain = "project.example"
      file = "aliases"
      [[relay_domain]]
      domain = "lists.example"
      next_hop = "[127.0.0.1]:1"
      accept_all = true
      [srs]
      domain = "srs.project.example"
      [rollover]
      enabled = true
      [acme]
      directory = "https://acme-v02.api.letsencrypt.org/directory"
      agree_tos = true
      [[dns_update]]
      zone = "project.example"
      server = "192.0.2.53:53"
      key = "update.key"
      """;

  private RecordFixture() {}

  private static DkimSigningKey key() {
    try {
      return DkimSigningKey.parse(
          PROJECT, Domain.of("s1"), DkimSigningKey.generatePem(DkimAlgorithm.RSA_SHA256));
    } catch (DkimSigningKey.InvalidKey e) {
      throw new IllegalStateException(e);
    }
  }

  static RouterSettings settings(String text) throws IOException {
    return assertInstanceOf(
            Configuration.ValidConfiguration.class,
            Configuration.parse(
                text, Path.of("/nowhere"), "test", new MachineDefaults(HOST, Path.of("/nowhere"))))
        .settings();
  }

  static RecordSettings parts(RouterSettings settings) {
    return new RecordSettings(
        SiteDomains.of(
            settings.server().hostname(), settings.forward(), settings.senders(), settings.dkim()),
        settings.forward(),
        settings.rollover(),
        settings.tlsReportsIn(),
        settings.acme(),
        settings.acmeNames());
  }

  static List<InetAddress> addresses(String... literals) {
    return List.of(literals).stream().map(InetAddress::ofLiteral).toList();
  }

  static SiteFacts facts() {
    return new SiteFacts(
        addresses("192.0.2.25", "2001:db8::25"),
        Set.of(HOST),
        List.of(new HostKey(HOST, CURRENT, List.of(CURRENT, WHOLE))),
        Optional.of(NEXT),
        "",
        List.of(new NeededKey(KEY.recordName(), Optional.of(KEY), "")),
        List.of(
            new HostedPolicy(PROJECT, Optional.of("v=STSv1; id=20261201;"), "", Optional.empty())));
  }

  static List<WantedRecord> wanted(String configuration, SiteFacts facts) throws IOException {
    return WantedRecords.of(parts(settings(configuration)), facts);
  }

  static WantedRecord wanted(Purpose purpose, String owner) throws IOException {
    return wanted(CONFIGURATION, facts()).stream()
        .filter(record -> record.purpose() == purpose && record.owner().name().equals(owner))
        .findFirst()
        .orElseThrow();
  }

  static ZoneRecord record(WantedRecord wanted, String data) {
    return new ZoneRecord(wanted.owner(), wanted.type(), Duration.ofMinutes(5), data);
  }

  static DnsAnswer<ZoneRecord> answer(WantedRecord wanted, String... data) {
    List<ZoneRecord> records = new ArrayList<>();
    for (String one : data) {
      records.add(record(wanted, one));
    }
    return new DnsAnswer<>(
        records,
        records.isEmpty() ? DnsAnswer.Kind.NO_DATA : DnsAnswer.Kind.FOUND,
        DnssecStatus.SECURE,
        wanted.owner(),
        0,
        Duration.ofMinutes(5),
        "");
  }

  static DnsAnswer<ZoneRecord> failure(WantedRecord wanted, String reason) {
    return DnsAnswer.unknown(DnssecStatus.FAILED, wanted.owner(), 0, Duration.ZERO, reason);
  }

  static ServerView at(String server, DnsAnswer<ZoneRecord> answer) {
    return new ServerView(server, answer);
  }

  /** One authoritative server and the resolver have the same. */
  static RecordStanding compare(WantedRecord wanted, FixedResolver others, String... data) {
    DnsAnswer<ZoneRecord> answer = answer(wanted, data);
    return new RecordComparison(others)
        .of(
            wanted,
            new PublishedViews(
                List.of(at("ns1.example (192.0.2.1)", answer)), answer, Optional.empty()));
  }

  static RecordStanding compare(WantedRecord wanted, String... data) {
    return compare(wanted, FixedResolver.builder().build(), data);
  }
}
