package org.sealwax.app.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.assess.AssessTargets;
import org.sealwax.assess.tlsclient.LookTargets;
import org.sealwax.lab.serve.ConsoleTargets;
import org.sealwax.lab.site.LabTargets;
import org.sealwax.mail.dane.DaneTargets;
import org.sealwax.mail.dns.live.DnsTargets;
import org.sealwax.mail.dns.validate.ValidateTargets;
import org.sealwax.mail.fuzz.Target;
import org.sealwax.mail.http.HttpsTargets;
import org.sealwax.mail.message.MessageTargets;
import org.sealwax.mail.smtp.SmtpTargets;
import org.sealwax.mail.sts.StsTargets;
import org.sealwax.mail.tls.ChainTargets;
import org.sealwax.mail.tls.TlsTargets;
import org.sealwax.mail.tlsrpt.TlsRptTargets;
import org.sealwax.router.cli.AppTargets;
import org.sealwax.router.config.ConfigTargets;
import org.sealwax.router.deliver.DeliverTargets;
import org.sealwax.router.ledger.LedgerTargets;
import org.sealwax.router.policyd.PolicydTargets;
import org.sealwax.router.queue.QueueTargets;
import org.sealwax.router.receipts.ReceiptTargets;
import org.sealwax.router.receive.auth.AuthTargets;
import org.sealwax.router.reports.received.ReceivedTargets;
import org.sealwax.router.route.ForwardTargets;
import org.sealwax.testkit.zone.AuthorityTargets;

/** Every parser that strangers, damage or mistakes can reach. */
public final class Targets {
  private Targets() {}

  /** All targets. */
  public static List<Target> all() {
    List<Target> all = new ArrayList<>();
    all.addAll(AssessTargets.all());
    all.addAll(SmtpTargets.all());
    all.addAll(MessageTargets.all());
    all.addAll(ConfigTargets.all());
    all.addAll(ForwardTargets.all());
    all.addAll(QueueTargets.all());
    all.addAll(AuthTargets.all());
    all.addAll(DeliverTargets.all());
    all.addAll(TlsTargets.all());
    all.addAll(ChainTargets.all());
    all.addAll(DaneTargets.all());
    all.addAll(LookTargets.all());
    all.addAll(DnsTargets.all());
    all.addAll(ValidateTargets.all());
    all.addAll(AuthorityTargets.all());
    all.addAll(TlsRptTargets.all());
    all.addAll(ReceivedTargets.all());
    all.addAll(AppTargets.all());
    all.addAll(LabTargets.all());
    all.addAll(ConsoleTargets.all());
    all.addAll(StsTargets.all());
    all.addAll(HttpsTargets.all());
    all.addAll(LedgerTargets.all());
    all.addAll(ReceiptTargets.all());
    all.addAll(PolicydTargets.all());
    return List.copyOf(all);
  }

  /**
   * One target by its name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Target named(String name) {
    return all().stream()
        .filter(t -> t.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no target " + name));
  }
}
