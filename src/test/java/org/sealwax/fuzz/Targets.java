package org.sealwax.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.app.AppTargets;
import org.sealwax.assess.AssessTargets;
import org.sealwax.config.ConfigTargets;
import org.sealwax.console.ConsoleTargets;
import org.sealwax.dane.DaneTargets;
import org.sealwax.deliver.DeliverTargets;
import org.sealwax.dns.live.DnsTargets;
import org.sealwax.dns.validate.ValidateTargets;
import org.sealwax.dns.zone.AuthorityTargets;
import org.sealwax.forward.ForwardTargets;
import org.sealwax.https.HttpsTargets;
import org.sealwax.lab.LabTargets;
import org.sealwax.ledger.LedgerTargets;
import org.sealwax.message.MessageTargets;
import org.sealwax.policyd.PolicydTargets;
import org.sealwax.queue.QueueTargets;
import org.sealwax.receipt.ReceiptTargets;
import org.sealwax.receive.auth.AuthTargets;
import org.sealwax.report.received.ReceivedTargets;
import org.sealwax.smtp.SmtpTargets;
import org.sealwax.sts.StsTargets;
import org.sealwax.tls.ChainTargets;
import org.sealwax.tls.TlsTargets;
import org.sealwax.tls.look.LookTargets;
import org.sealwax.tlsrpt.TlsRptTargets;

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
