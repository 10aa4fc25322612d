package org.sealwax.mail.settings;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Declares the table of the file that has the keys of a settings record. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface SettingTable {
  /** {@return the name between the brackets} */
  String name();

  /** {@return what the table is for; empty: another record of the same table has it} */
  String purpose() default "";

  /** {@return whether the table is repeated: {@code [[name]]}, any number of rows} */
  boolean rows() default false;

  /** {@return the greatest number of rows} */
  int most() default 1_000_000;

  /** {@return keys of which the file has all or none} */
  String[] together() default {};

  /** {@return keys of which the file has exactly one; one that is false does not count} */
  String[] oneOf() default {};
}
