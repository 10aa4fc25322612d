package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * What large receivers reply, each with the source of the text. Addresses and links are left out or
 * replaced; a line ends at {@code |}.
 */
final class RefusalTextsTest {
  private static final String GOOGLE = "Google, Gmail SMTP errors and codes";
  private static final String GOOGLE_FAQ = "Google, Email sender guidelines FAQ";
  private static final String MICROSOFT = "Microsoft, NDRs and SMTP errors in Exchange Online";
  private static final String OUTLOOK = "Outlook.com Postmaster, Troubleshooting";
  private static final String EXCHANGE_ONLINE = "smtp.codes/exchangeonline";
  private static final String SPAM_RESOURCE = "spamresource.com, 2025-12, 550-5.7.25 at Gmail";
  private static final String EMAILWIZ = "LukeSmithxyz/emailwiz, issue 128; OpenSMTPD, issue 446";
  private static final String YAHOO = "Yahoo, SMTP Error Codes; smtp.codes/yahoo";
  private static final String APPLE = "smtp.codes/icloud; Apple, article 102322";
  private static final String GMX = "postmaster.gmx.net error messages; smtp.codes/unitedinternet";
  private static final String MIMECAST = "Mimecast, Mimecast SMTP Error Codes";
  private static final String PROOFPOINT = "Proofpoint, ipcheck.proofpoint.com";
  private static final String POSTFIX = "Postfix, postconf(5) and its policy services";

  private record KnownText(RefusalClass expected, String reply, String source) {}

  private static KnownText text(RefusalClass expected, String reply, String source) {
    return new KnownText(expected, reply, source);
  }

  private static final List<KnownText> TEXTS =
      List.of(
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550-5.7.26 Unauthenticated email from a.example is not accepted due to|550 5.7.26"
                  + " domain's DMARC policy.",
              GOOGLE),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "421-4.7.0 This message does not have authentication information or fails to"
                  + " pass|421 4.7.0 authentication checks.",
              GOOGLE),
          text(RefusalClass.TLS, "421 4.7.0 TLS required for RCPT domain", GOOGLE),
          text(RefusalClass.TEMPORARY, "421 4.7.0 Temporary System Problem.", GOOGLE),
          text(RefusalClass.MAILBOX_FULL, "552 5.2.2 The email account is over quota.", GOOGLE),
          text(RefusalClass.UNKNOWN_USER, "550 5.2.1 The email account is disabled.", GOOGLE),
          text(
              RefusalClass.POLICY,
              "550 5.7.1 This message violates a.example email policy. - gcdp",
              GOOGLE),
          text(
              RefusalClass.FORMAT,
              "550-5.7.1 This message is not RFC 5322 compliant, the issue is:|550 5.7.1 duplicate"
                  + " headers.",
              GOOGLE),
          text(
              RefusalClass.NO_PTR,
              "421-4.7.23 The sending IP address for this message doesn't have a PTR record, or the"
                  + " PTR|421 4.7.23 record's forward DNS entry doesn't match the sending IP"
                  + " address.",
              GOOGLE_FAQ),
          text(
              RefusalClass.NO_PTR,
              "550-5.7.25 The IP address sending this message does not have a PTR record|550-5.7.25"
                  + " setup, or the corresponding forward DNS entry does not match the|550 5.7.25"
                  + " sending IP.",
              SPAM_RESOURCE),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "421 4.7.27 Your email has been rate limited because SPF authentication didn't pass"
                  + " for this message.",
              GOOGLE_FAQ),
          text(
              RefusalClass.TLS,
              "421 4.7.29 Your email has been rate limited because you're not using a TLS"
                  + " connection.",
              GOOGLE_FAQ),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "421 4.7.30 Your email has been rate limited because DKIM authentication didn't pass"
                  + " for this message.",
              GOOGLE_FAQ),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "421 4.7.31 Your email has been rate limited because the sending domain doesn't have a"
                  + " DMARC record, or the DMARC record doesn't specify a DMARC policy.",
              GOOGLE_FAQ),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "421 4.7.32 Your email has been rate limited because the From: header (RFC5322) in"
                  + " this message isn't aligned with either the authenticated SPF or DKIM"
                  + " organizational domain.",
              GOOGLE_FAQ),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550 5.7.509 Access denied, sending domain a.example does not pass DMARC"
                  + " verification and has a DMARC policy of reject.",
              MICROSOFT),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
              MICROSOFT),
          text(
              RefusalClass.UNKNOWN_USER,
              "550 5.4.1 [x@a.example]: Recipient address rejected: Access denied [b.example]",
              EXCHANGE_ONLINE),
          text(
              RefusalClass.RATE_LIMIT_IP,
              "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77712344)",
              EXCHANGE_ONLINE),
          text(RefusalClass.RATE_LIMIT_IP, "550 5.7.511 Access denied, banned sender", MICROSOFT),
          text(RefusalClass.POLICY, "550 5.7.124 Sender not in allowed-senders list", MICROSOFT),
          text(
              RefusalClass.SIZE,
              "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large",
              MICROSOFT),
          text(
              RefusalClass.MAILBOX_FULL,
              "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception",
              MICROSOFT),
          text(
              RefusalClass.UNKNOWN_USER,
              "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
              OUTLOOK),
          text(
              RefusalClass.RATE_LIMIT_IP,
              "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their"
                  + " network is on our block list (S3140).",
              OUTLOOK),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550 5.7.9 This mail has been blocked because the sender is unauthenticated.",
              YAHOO),
          text(
              RefusalClass.UNKNOWN_USER,
              "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com)",
              YAHOO),
          text(
              RefusalClass.UNKNOWN_USER,
              "552 1 Requested mail action aborted, mailbox not found",
              YAHOO),
          text(
              RefusalClass.UNKNOWN_USER,
              "554 30 Sorry, your message cannot be delivered. This mailbox is disabled (554.30)",
              YAHOO),
          text(RefusalClass.TEMPORARY, "450 User is receiving mail too quickly", YAHOO),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "554 5.7.1 Your message was rejected due to a.example's DMARC policy.",
              APPLE),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM"
                  + " authentication checks.",
              APPLE),
          text(
              RefusalClass.CONTENT,
              "550 5.7.1 [CS01] Message rejected due to local policy.",
              APPLE),
          text(
              RefusalClass.CONTENT,
              "550 5.7.1 Your email was rejected due to having a domain present in the Spamhaus"
                  + " DBL",
              APPLE),
          text(
              RefusalClass.RATE_LIMIT_IP,
              "550 5.7.1 Mail from IP 192.0.2.1 was rejected due to listing in Spamhaus SBL.",
              APPLE),
          text(RefusalClass.UNKNOWN_USER, "550 5.1.6 recipient no longer on server", APPLE),
          text(
              RefusalClass.UNKNOWN_USER, "550 5.1.1 <x@icloud.com>: inactive email address", APPLE),
          text(RefusalClass.MAILBOX_FULL, "552 5.2.2 <x@icloud.com>: user is over quota", APPLE),
          text(
              RefusalClass.TEMPORARY,
              "421 4.7.1 Messages to x@icloud.com deferred due to excessive volume.",
              APPLE),
          text(
              RefusalClass.RATE_LIMIT_IP,
              "554-gmx.net (mxgmx104) Nemesis ESMTP Service not available|554-No SMTP"
                  + " service|554-IP address is block listed.|554 For explanation visit",
              GMX),
          text(
              RefusalClass.NO_PTR,
              "554-web.de (mxweb010) Nemesis ESMTP Service not available|554-No SMTP"
                  + " service|554-Bad DNS PTR resource record.|554 For explanation visit",
              EMAILWIZ),
          text(RefusalClass.RATE_LIMIT_IP, "421 Rate limit reached. Please try again later", GMX),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550 <x@a.example>: Reject due to SPF policy. The originating IP of the message is"
                  + " not permitted by the domain owner",
              GMX),
          text(
              RefusalClass.UNKNOWN_USER,
              "550-Requested action not taken: mailbox unavailable|550 For explanation visit",
              GMX),
          text(
              RefusalClass.MAILBOX_FULL,
              "552 Requested mail action aborted: exceeded storage allocation",
              "RFC 5321 section 4.2.3"),
          text(
              RefusalClass.POLICY,
              "554-Transaction failed|554-Reject due to policy restrictions.|554 For explanation"
                  + " visit",
              GMX),
          text(RefusalClass.TEMPORARY, "450 Reject due to policy violations.", GMX),
          text(
              RefusalClass.GREYLISTING,
              "451 Internal resources are temporarily unavailable",
              MIMECAST),
          text(RefusalClass.RATE_LIMIT_IP, "550 Local CT IP Reputation - (reject)", MIMECAST),
          text(RefusalClass.RATE_LIMIT_IP, "451 IP temporarily blacklisted", MIMECAST),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550 DMARC Sender Invalid - envelope rejected",
              MIMECAST),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550 SPF Sender Invalid - envelope rejected",
              MIMECAST),
          text(RefusalClass.UNKNOWN_USER, "550 Invalid Recipient", MIMECAST),
          text(RefusalClass.CONTENT, "554 Email rejected due to security policies", MIMECAST),
          text(RefusalClass.SIZE, "554 Maximum email size exceeded", MIMECAST),
          text(RefusalClass.TLS, "553 This route requires encryption (TLS)", MIMECAST),
          text(RefusalClass.POLICY, "550 Rejected by header based Anti-Spoofing policy", MIMECAST),
          text(
              RefusalClass.POLICY,
              "550 Rejected by header-based manually Blocked Senders",
              MIMECAST),
          text(
              RefusalClass.RATE_LIMIT_IP,
              "554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1",
              PROOFPOINT),
          text(
              RefusalClass.SENDER_AUTHENTICATION,
              "550 5.7.1 Message rejected per sender's SPF policy",
              PROOFPOINT),
          text(RefusalClass.UNKNOWN_USER, "550 5.1.1 <x@a.example>... User Unknown", PROOFPOINT),
          text(
              RefusalClass.NO_PTR,
              "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
              "Postfix, reject_unknown_client_hostname; a log line in community.keyhelp.de, 9260"),
          text(
              RefusalClass.UNKNOWN_USER,
              "550 5.1.1 <x@a.example>: Recipient address rejected: User unknown in virtual alias"
                  + " table",
              POSTFIX),
          text(
              RefusalClass.RATE_LIMIT_IP,
              "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using"
                  + " zen.spamhaus.org",
              POSTFIX),
          text(RefusalClass.SIZE, "552 5.3.4 Message size exceeds fixed limit", POSTFIX),
          text(
              RefusalClass.GREYLISTING,
              "450 4.2.0 <x@a.example>: Recipient address rejected: Greylisted",
              POSTFIX),
          text(RefusalClass.TLS, "530 5.7.0 Must issue a STARTTLS command first", POSTFIX),
          text(RefusalClass.RATE_LIMIT_URL, "421 4.7.28 unusual rate, URL domains", GOOGLE),
          text(RefusalClass.RATE_LIMIT_SPF_DOMAIN, "421 4.7.28 unusual rate, SPF domain", GOOGLE),
          text(RefusalClass.RATE_LIMIT_DKIM_DOMAIN, "421 4.7.28 unusual rate, DKIM domain", GOOGLE),
          text(RefusalClass.UNKNOWN, "554 Transaction failed", "RFC 5321 section 4.2.2"));

  static Reply reply(String text) {
    List<String> lines = new ArrayList<>();
    String first = text.substring(4).split("[ |]", 2)[0];
    EnhancedStatus status = EnhancedStatus.parse(first).orElse(null);
    for (String line : text.split("\\|")) {
      String rest = line.length() > 4 ? line.substring(4) : "";
      boolean repeats = status != null && rest.startsWith(first);
      lines.add(repeats ? rest.substring(first.length()).strip() : rest);
    }
    return new Reply(Integer.parseInt(text.substring(0, 3)), status, lines);
  }

  @Test
  void theTextsOfLargeReceiversHaveTheirClasses() {
    for (KnownText known : TEXTS) {
      assertEquals(
          known.expected(),
          RefusalClass.of(reply(known.reply())),
          known.reply() + " (" + known.source() + ")");
    }
  }

  @Test
  void eachClassHasATextAndASentence() {
    Set<RefusalClass> seen = EnumSet.noneOf(RefusalClass.class);
    TEXTS.forEach(known -> seen.add(known.expected()));
    assertEquals(EnumSet.allOf(RefusalClass.class), seen);
    for (RefusalClass one : RefusalClass.values()) {
      for (boolean forwarded : new boolean[] {false, true}) {
        String sentence = one.explanation(forwarded);
        assertTrue(sentence.length() > 15 && !sentence.endsWith("."), sentence);
      }
    }
  }
}
