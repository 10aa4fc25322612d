package org.sealwax.router.feedback;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Reports as large receivers write them, with other names. */
public final class SampleReports {
  /** The example of RFC 7489 appendix C with two rows, in the form that Google sends. */
  public static final String XML =
      """
      <?xml version="1.0" encoding="UTF-8" ?>
      <feedback>
        <version>1.0</version>
        <report_metadata>
          <org_name>receiver.example</org_name>
          <email>noreply-dmarc-support@receiver.example</email>
          <extra_contact_info>https://receiver.example/dmarc</extra_contact_info>
          <report_id>17273883</report_id>
          <date_range>
            <begin>1764460800</begin>
            <end>1764547199</end>
          </date_range>
        </report_metadata>
        <policy_published>
          <domain>project.example</domain>
          <adkim>r</adkim>
          <aspf>r</aspf>
          <p>none</p>
          <sp>none</sp>
          <pct>100</pct>
        </policy_published>
        <record>
          <row>
            <source_ip>192.0.2.1</source_ip>
            <count>12</count>
            <policy_evaluated>
              <disposition>none</disposition>
              <dkim>pass</dkim>
              <spf>pass</spf>
            </policy_evaluated>
          </row>
          <identifiers><header_from>project.example</header_from></identifiers>
          <auth_results>
            <dkim><domain>project.example</domain><result>pass</result></dkim>
            <spf><domain>project.example</domain><result>pass</result></spf>
          </auth_results>
        </record>
        <record>
          <row>
            <source_ip>2001:db8::25</source_ip>
            <count>3</count>
            <policy_evaluated>
              <disposition>quarantine</disposition>
              <dkim>fail</dkim>
              <spf>fail</spf>
            </policy_evaluated>
          </row>
          <identifiers><header_from>project.example</header_from></identifiers>
          <auth_results>
            <spf><domain>list.example</domain><result>pass</result></spf>
          </auth_results>
        </record>
      </feedback>
      """;

  /** The present form (RFC 9990), with a namespace and what is new in it. */
  public static final String NAMESPACED =
      XML.replace("<feedback>", "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">")
          .replace(
              "<pct>100</pct>",
              "<testing>n</testing><discovery_method>treewalk" + "</discovery_method>")
          .replace("</date_range>", "</date_range><generator>a reporter 1.0</generator>")
          .replace("<disposition>none<", "<disposition>pass<");

  /** A notification as Postfix writes it. */
  public static final String BOUNCE =
      """
      From: MAILER-DAEMON@mx.provider.example (Mail Delivery System)
      To: SRS0=x@mx.project.example
      Subject: Undelivered Mail Returned to Sender
      MIME-Version: 1.0
      Content-Type: multipart/report; report-type=delivery-status;
      \tboundary="4ABC.1764500000/mx.provider.example"
      Message-Id: <1@mx.provider.example>

      This is a MIME-encapsulated message.

      --4ABC.1764500000/mx.provider.example
      Content-Description: Notification
      Content-Type: text/plain; charset=us-ascii

      I'm sorry to have to inform you.

      --4ABC.1764500000/mx.provider.example
      Content-Description: Delivery report
      Content-Type: message/delivery-status

      Reporting-MTA: dns; mx.provider.example
      X-Postfix-Queue-ID: 4ABC
      Arrival-Date: Mon, 30 Nov 2026 10:00:00 +0000 (UTC)

      Final-Recipient: rfc822; dev@provider.example
      Original-Recipient: rfc822;dev@provider.example
      Action: failed
      Status: 5.1.1
      Remote-MTA: dns; imap.provider.example
      Diagnostic-Code: smtp; 550 5.1.1 <dev@provider.example>: unknown

      --4ABC.1764500000/mx.provider.example
      Content-Description: Undelivered Message Headers
      Content-Type: text/rfc822-headers

      Return-Path: <SRS0=x@mx.project.example>
      Delivered-To: dev@inner.provider.example
      Delivered-To: team@project.example
      Received: from mx.project.example by mx.provider.example; Mon, 30 Nov 2026 10:00:00 +0000
      Delivered-To: elsewhere@other.example
      From: a@writer.example
      Subject: hello

      --4ABC.1764500000/mx.provider.example--
      """
          .replace("\n", "\r\n");

  /** A complaint as in RFC 5965 appendix B.2. */
  public static final String ABUSE =
      """
      From: <abuse@receiver.example>
      Date: Thu, 8 Mar 2005 17:40:36 EDT
      Subject: FW: Earn money
      To: <fbl@project.example>
      MIME-Version: 1.0
      Content-Type: multipart/report; report-type=feedback-report;
           boundary="part1_13d.2e68ed54_boundary"

      --part1_13d.2e68ed54_boundary
      Content-Type: text/plain; charset="US-ASCII"
      Content-Transfer-Encoding: 7bit

      This is an email abuse report.

      --part1_13d.2e68ed54_boundary
      Content-Type: message/feedback-report

      Feedback-Type: abuse
      User-Agent: SomeGenerator/1.0
      Version: 1
      Original-Mail-From: <somespammer@writer.example>
      Original-Rcpt-To: <dev@provider.example>
      Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT
      Reporting-MTA: dns; mail.receiver.example
      Source-IP: 192.0.2.1
      Authentication-Results: mail.receiver.example; spf=fail smtp.mail=somespammer@writer.example
      Reported-Domain: writer.example
      Incidents: 1000000

      --part1_13d.2e68ed54_boundary
      Content-Type: message/rfc822
      Content-Disposition: inline

      Delivered-To: team@project.example
      From: <somespammer@writer.example>
      To: <Undisclosed Recipients>
      Subject: Earn money

      Spam Spam Spam
      --part1_13d.2e68ed54_boundary--
      """
          .replace("\n", "\r\n");

  private SampleReports() {}

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] gzip(byte[] plain) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  static byte[] zip(byte[]... files) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (int i = 0; i < files.length; i++) {
        zip.putNextEntry(new ZipEntry("receiver.example!project.example!" + i + ".xml"));
        zip.write(files[i]);
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** A message with an attachment. */
  public static String mail(String type, byte[] attachment) {
    return "From: DMARC <noreply-dmarc-support@sender.example>\r\n"
        + "To: <dmarc@project.example>\r\n"
        + "Subject: Report domain: project.example\r\n"
        + "Date: Tue, 01 Dec 2026 00:00:00 +0000\r\n"
        + "Message-ID: <1@sender.example>\r\n"
        + "MIME-Version: 1.0\r\n"
        + "Content-Type: "
        + type
        + "; name=\"receiver.example!project.example!1764460800!1764547199.xml.gz\"\r\n"
        + "Content-Disposition: attachment\r\n"
        + "Content-Transfer-Encoding: base64\r\n\r\n"
        + Base64.getMimeEncoder().encodeToString(attachment)
        + "\r\n";
  }
}
