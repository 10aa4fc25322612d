package org.sealwax.router.server;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.deliver.Dialers;
import org.sealwax.router.deliver.HostConnector;
import org.sealwax.router.deliver.SmtpDeliveryAgent;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.pipe.PipeDeliveryAgent;
import org.sealwax.router.receive.ReceiveConfiguration;
import org.sealwax.router.receive.RelayRules;
import org.sealwax.router.receive.TrustedCertificates;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.receive.auth.PasswordMechanisms;
import org.sealwax.router.route.ConfiguredDirectory;
import org.sealwax.router.route.NextHopDelivery;
import org.sealwax.router.route.TransportTable;
import org.sealwax.router.wiring.CertificateAuthorities;
import org.sealwax.router.wiring.Lazy;

/**
 * Everything that is made from one configuration: how mail comes in and how it goes out. A reload
 * makes another and swaps it whole; sessions and deliveries keep the one they began with.
 *
 * @param settings the configuration itself
 * @param authorities whose certificates count
 * @param reception how mail comes in
 * @param directory our domains and their recipients
 * @param passwords accounts for AUTH; null when there are none
 * @param routes where mail goes
 * @param deliveryAgent delivery by SMTP, made at the first delivery
 * @param byNextHop delivery by kind of next hop
 */
record ActiveConfiguration(
    RouterSettings settings,
    CertificateAuthorities authorities,
    ReceiveConfiguration reception,
    ConfiguredDirectory directory,
    @Nullable PasswordFile passwords,
    TransportTable routes,
    Lazy<SmtpDeliveryAgent> deliveryAgent,
    NextHopDelivery byNextHop) {

  /**
   * Reads every file that the configuration names and makes both directions; nothing is in force
   * yet.
   *
   * @param former the configuration in force; null at the start. What it knows of files that did
   *     not change is used again.
   * @throws IOException when a file cannot be read or has an error
   */
  static ActiveConfiguration of(
      RouterSettings next, @Nullable ActiveConfiguration former, RouterParts parts)
      throws IOException {
    CertificateAuthorities authorities = new CertificateAuthorities(next);
    authorities.check();
    Lazy<SmtpDeliveryAgent> agent = new Lazy<>(() -> deliveryAgent(next, authorities, parts));
    ConfiguredDirectory directory =
        new ConfiguredDirectory(
            next.forward(),
            next.reportAddresses(),
            (mailbox, hop) -> agent.get().recipientVerifier().probe(mailbox, hop),
            parts.recipients,
            next.forward().sender() == null ? null : parts.stores.forwardSenders(),
            parts.clock,
            parts.random,
            parts.log,
            former == null ? null : former.directory);
    PasswordFile users = passwords(next, former == null ? null : former.passwords, parts);
    SigningPolicy signing = parts.dkim.policy(next);
    ReceiveConfiguration reception =
        new ReceiveConfiguration(
            next.receive(),
            new RelayRules(
                next.trust().networks(),
                TrustedCertificates.of(parts.tls.verifier(), authorities.grants()),
                next.rejects(),
                next.server().postmaster().orElse(null)),
            directory,
            parts.peerIdentities,
            next.dnsLists(),
            next.milters(),
            next.dkim().isEmpty() ? null : signing,
            next.inbound(),
            users == null ? null : new PasswordMechanisms(users, parts.random));
    Lazy<PipeDeliveryAgent> commands =
        new Lazy<>(() -> new PipeDeliveryAgent(next.pipes(), PipeDeliveryAgent.runsAsRoot()));
    NextHopDelivery byNextHop =
        new NextHopDelivery(
            next.forward(),
            directory,
            parts.queue.intake(),
            c -> agent.get().deliver(c),
            c -> commands.get().deliver(c),
            parts.reportsIn::read,
            parts.reportsIn.feedback()::bounced);
    return new ActiveConfiguration(
        next,
        authorities,
        reception,
        directory,
        users,
        new TransportTable(next.forward()),
        agent,
        byNextHop);
  }

  private static SmtpDeliveryAgent deliveryAgent(
      RouterSettings next, CertificateAuthorities authorities, RouterParts parts) {
    return new SmtpDeliveryAgent(
        next.deliver(),
        parts.resolver,
        new HostConnector(
            next.deliver(),
            parts.resolver,
            new Dialers(SystemDialer.guarded(next.dialer()), SystemDialer.trusted()),
            parts.tls.client(ClientTlsSettings.defaults(), parts.certificates.get()),
            authorities.forDelivery(),
            parts.random),
        parts.stores.evidence(next),
        parts.stores.recorder(parts.reports.sessionListener()),
        parts.clock,
        parts.random);
  }

  private static @Nullable PasswordFile passwords(
      RouterSettings next, @Nullable PasswordFile former, RouterParts parts) throws IOException {
    return next.auth().passwordFile().isEmpty()
        ? null
        : new PasswordFile(
            next.auth().passwordFile().get(),
            PasswordFile.decoySecret(next.server().state().resolve("decoy.secret"), parts.random),
            parts.clock,
            parts.log,
            former);
  }

  /** What an admin should know of this configuration although it works. */
  List<String> warnings() {
    return PipeDeliveryAgent.warnings(settings.pipes(), PipeDeliveryAgent.runsAsRoot());
  }

  /** Closes idle connections; deliveries that run end by themselves. */
  void retire() {
    SmtpDeliveryAgent agent = deliveryAgent.ifCreated();
    if (agent != null) {
      agent.close();
    }
  }
}
