/**
 * The declaration of a configuration key: {@link org.sealwax.mail.settings.Setting} on a component
 * of a settings record has name, default, range, example and documentation; the component's type is
 * the {@link org.sealwax.mail.settings.SettingType} of its values. {@link
 * org.sealwax.mail.settings.SettingsRecord} makes records of such declarations.
 *
 * <p>Invariant: nothing else repeats a key. The configuration file, its manual page, the sample,
 * the defaults and what takes a restart come from the components.
 */
@NullMarked
package org.sealwax.mail.settings;

import org.jspecify.annotations.NullMarked;
