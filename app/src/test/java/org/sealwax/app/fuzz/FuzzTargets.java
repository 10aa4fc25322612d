package org.sealwax.app.fuzz;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.assess.AssessFuzzTargets;
import org.sealwax.assess.serve.ScanFuzzTargets;
import org.sealwax.assess.tlsclient.ScanTlsFuzzTargets;
import org.sealwax.lab.serve.ConsoleFuzzTargets;
import org.sealwax.lab.site.LabFuzzTargets;
import org.sealwax.mail.dane.DaneTargets;
import org.sealwax.mail.dkim.DkimFuzzTargets;
import org.sealwax.mail.dmarc.DmarcFuzzTargets;
import org.sealwax.mail.dns.live.DnsFuzzTargets;
import org.sealwax.mail.dns.validate.ValidationFuzzTargets;
import org.sealwax.mail.http.HttpsFuzzTargets;
import org.sealwax.mail.message.MessageFuzzTargets;
import org.sealwax.mail.smtp.SmtpFuzzTargets;
import org.sealwax.mail.spf.SpfFuzzTargets;
import org.sealwax.mail.sts.StsFuzzTargets;
import org.sealwax.mail.tls.ChainTargets;
import org.sealwax.mail.tls.TlsFuzzTargets;
import org.sealwax.mail.tlsrpt.TlsRptFuzzTargets;
import org.sealwax.router.cli.AppFuzzTargets;
import org.sealwax.router.config.ConfigFuzzTargets;
import org.sealwax.router.deliver.DeliverTargets;
import org.sealwax.router.dnsbl.DnsListFuzzTargets;
import org.sealwax.router.feedback.FeedbackFuzzTargets;
import org.sealwax.router.ledger.LedgerFuzzTargets;
import org.sealwax.router.milter.MilterFuzzTargets;
import org.sealwax.router.policyd.PolicydFuzzTargets;
import org.sealwax.router.queue.QueueFuzzTargets;
import org.sealwax.router.receipts.ReceiptFuzzTargets;
import org.sealwax.router.receive.auth.AuthFuzzTargets;
import org.sealwax.router.reports.received.ReceivedReportFuzzTargets;
import org.sealwax.router.route.ForwardFuzzTargets;
import org.sealwax.testkit.fuzz.FuzzTarget;
import org.sealwax.testkit.zone.AuthoritativeServerFuzzTargets;

/** Every parser that reads input from peers, damaged files or files with mistakes. */
public final class FuzzTargets {
  private FuzzTargets() {}

  /** All targets. */
  public static List<FuzzTarget> all() {
    List<FuzzTarget> all = new ArrayList<>();
    all.addAll(AssessFuzzTargets.all());
    all.addAll(ScanFuzzTargets.all());
    all.addAll(SmtpFuzzTargets.all());
    all.addAll(MessageFuzzTargets.all());
    all.addAll(ConfigFuzzTargets.all());
    all.addAll(DnsListFuzzTargets.all());
    all.addAll(MilterFuzzTargets.all());
    all.addAll(ForwardFuzzTargets.all());
    all.addAll(QueueFuzzTargets.all());
    all.addAll(AuthFuzzTargets.all());
    all.addAll(DeliverTargets.all());
    all.addAll(TlsFuzzTargets.all());
    all.addAll(ChainTargets.all());
    all.addAll(DaneTargets.all());
    all.addAll(ScanTlsFuzzTargets.all());
    all.addAll(DnsFuzzTargets.all());
    all.addAll(ValidationFuzzTargets.all());
    all.addAll(AuthoritativeServerFuzzTargets.all());
    all.addAll(TlsRptFuzzTargets.all());
    all.addAll(ReceivedReportFuzzTargets.all());
    all.addAll(FeedbackFuzzTargets.all());
    all.addAll(AppFuzzTargets.all());
    all.addAll(LabFuzzTargets.all());
    all.addAll(ConsoleFuzzTargets.all());
    all.addAll(DkimFuzzTargets.all());
    all.addAll(StsFuzzTargets.all());
    all.addAll(SpfFuzzTargets.all());
    all.addAll(DmarcFuzzTargets.all());
    all.addAll(HttpsFuzzTargets.all());
    all.addAll(LedgerFuzzTargets.all());
    all.addAll(ReceiptFuzzTargets.all());
    all.addAll(PolicydFuzzTargets.all());
    return List.copyOf(all);
  }

  /**
   * One target by its name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static FuzzTarget named(String name) {
    return all().stream()
        .filter(t -> t.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no target " + name));
  }
}
